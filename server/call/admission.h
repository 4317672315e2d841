#pragma once

#include <atomic>
#include <utility>

#include "absl/status/statusor.h"

namespace interaction::call {

// Takes calls in, up to a number in flight over all lanes. Thread-safe.
class Admission {
 public:
  // A place for one call, given back when it is destroyed.
  class Permit {
   public:
    explicit Permit(Admission* admission) : admission_(admission) {}
    Permit(Permit&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (admission_) admission_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    Admission* admission_;
  };

  explicit Admission(int max_in_flight) : max_in_flight_(max_in_flight) {}

  // OVERLOADED with RetryInfo when all places are taken. Admission must outlive the permit.
  absl::StatusOr<Permit> Admit();

  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  const int max_in_flight_;
  std::atomic<int> in_flight_{0};
};

}  // namespace interaction::call
