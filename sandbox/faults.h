#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/message.h"

namespace interaction::sandbox {

// What happens to every answer of a vendor, whatever the request says.
struct Fault {
  absl::Duration delay;
  std::vector<std::string> scenarios;  // played one after the other, each upon what the one before it left
  std::optional<int> count;            // for so many answers, then no more; none: for good
};

// A fault and whom it concerns, as POST /sandbox/faults takes it.
struct FaultOrder {
  std::vector<Vendor> vendors;
  Fault fault;
};

// Reads {"vendor":"seethepro|wolkvox|both","delay_ms":200,"status":503,"fault":"truncated","count":3}. All members are
// optional; `fault` is the name of any scenario of the vendors, or "none". INVALID_ARGUMENT says which member is wrong.
absl::StatusOr<FaultOrder> ParseFaultOrder(absl::string_view json);

// The faults in force. Thread-safe.
class Faults {
 public:
  // Replaces what the vendors of the order had.
  void Set(const FaultOrder& order);
  void Clear();

  // The fault for the next answer of the vendor; counts it.
  Fault Take(Vendor vendor);

  // {"seethepro":{...},"wolkvox":{...}}
  std::string ToJson() const;

 private:
  mutable std::mutex mutex_;
  std::array<Fault, 2> faults_;  // by vendor
};

}  // namespace interaction::sandbox
