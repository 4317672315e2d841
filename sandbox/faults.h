#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/vendors.h"

namespace interaction::sandbox {

// What is done to every answer of a vendor, whatever the request asks for.
struct Fault {
  absl::Duration delay;
  std::vector<std::string> scenarios;  // applied one after the other, each to the result of the one before
  std::optional<int> count;            // for that many answers; none: until it is replaced
};

// A fault and the vendors it applies to, as POST /sandbox/faults takes it.
struct FaultOrder {
  std::vector<const Vendor*> vendors;
  Fault fault;
};

// Reads {"vendor":"seethepro|wolkvox|all","delay_ms":200,"status":503,"fault":"truncated","count":3}. All members are
// optional; `vendor` is a name or the word for all vendors, `fault` any scenario of these vendors, or "none".
// INVALID_ARGUMENT says which member is wrong.
absl::StatusOr<FaultOrder> ParseFaultOrder(absl::string_view json, const Vendors& vendors);

// The faults in force. Thread-safe.
class Faults {
 public:
  // `vendors` outlive it.
  explicit Faults(const Vendors& vendors) : vendors_(vendors) {}

  // Replaces the faults of the vendors that the order names.
  void Set(const FaultOrder& order);
  void Clear();

  // The fault for the next answer of the vendor; counts it.
  Fault Take(const Vendor& vendor);

  // {"seethepro":{...},"wolkvox":{...}}
  std::string ToJson() const;

 private:
  const Vendors& vendors_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<const Vendor*, Fault> faults_;  // guarded by mutex_; without an entry nothing happens
};

}  // namespace interaction::sandbox
