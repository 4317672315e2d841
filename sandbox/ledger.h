#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "sandbox/message.h"
#include "sandbox/vendors.h"

namespace interaction::sandbox {

// Records requests and answers, so that tests can count POSTs and look at their bytes. Thread-safe.
class Ledger {
 public:
  // Keeps the latest `capacity` requests, and no more than 64 MiB of bodies. `vendors` outlive it.
  Ledger(const Vendors& vendors, size_t capacity) : vendors_(vendors), capacity_(capacity) {}

  // A request with this token ("" for none) has begun. Returns how many with the token are in flight, including this
  // one.
  int Arrive(const Vendor& vendor, absl::string_view token);
  // It has ended. Called just before the answer is sent, so that a request which the answer causes is counted after it.
  void Depart(const Vendor& vendor, absl::string_view token, int status);

  void Keep(const Vendor& vendor, Request request, const Reply& reply);

  void ConnectionOpened();
  void ConnectionClosed();

  // Counters since the start or the last reset: by vendor the requests that were read to their last byte, by status
  // what was answered, how many were under way at once, and of one token at once.
  std::string StatsJson() const;
  void ResetStats();

  // The latest `last` requests, oldest first. The values of secret headers are "***" unless `show_secrets`. Bodies are
  // shown exactly: as `body` where they are UTF-8, otherwise as `body_base64`.
  std::string RequestsJson(size_t last, bool show_secrets) const;
  void ForgetRequests();

 private:
  struct Counters {
    int64_t requests = 0;
    int64_t in_flight = 0;
    int64_t max_in_flight = 0;
    int64_t max_simultaneous_per_token = 0;
    std::map<int, int64_t> by_status;
  };
  struct Entry {
    int64_t number;
    const Vendor* vendor;
    Request request;
    int status;
    std::string scenario;
  };

  const Vendors& vendors_;
  const size_t capacity_;
  mutable std::mutex mutex_;  // guards all below
  absl::flat_hash_map<const Vendor*, Counters> counters_;
  absl::flat_hash_map<std::pair<const Vendor*, std::string>, int> under_way_;  // by token of a vendor
  int64_t open_connections_ = 0;
  int64_t max_open_connections_ = 0;
  std::deque<Entry> entries_;
  size_t kept_bytes_ = 0;
  int64_t last_number_ = 0;
};

}  // namespace interaction::sandbox
