#pragma once

#include <atomic>
#include <cstdint>

namespace interaction::telemetry {

// A count that one thread writes and others read: adding is one plain addition, without a lock or an atomic
// read-modify-write.
class Cell {
 public:
  void Add(int64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace interaction::telemetry
