#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sandbox/message.h"
#include "sandbox/wolkvox.h"

namespace interaction::sandbox {

// Everything that a scenario may play with.
struct Stage {
  Vendor vendor;
  const Request& request;
  Reply usual;      // what the vendor would answer
  uint64_t serial;  // number of the interaction
  int number;       // the <n> of the scenario's name, 0 if it has none
  const wolkvox::Options& options;
};

enum class Cast { kBoth, kSeeThePro, kWolkvox };

// One way for an upstream to misbehave, or to behave unusually well, and what a caller of the gateway sees of it.
struct Scenario {
  absl::string_view name;  // "status-<n>": <n> stands for a number
  Cast cast;
  absl::string_view plays;    // what the upstream does, for people
  absl::string_view code;     // the gRPC code, "by code" where the number decides
  absl::string_view reason;   // ErrorInfo.reason, "" for OK
  absl::string_view outcome;  // "applied", "not_applied", "unknown"
  Reply (*play)(Stage stage);
};

// All of them, in the order in which they are listed.
absl::Span<const Scenario> Scenarios();

// Plays the scenario of that name ("status-503"). `stage.number` is filled in here. INVALID_ARGUMENT if the vendor has
// none of that name, or the number is out of range.
absl::StatusOr<Reply> Play(absl::string_view name, Stage stage);

// OK if Play would find the scenario for the vendor.
absl::Status CheckScenario(absl::string_view name, Vendor vendor);

// The table for a terminal, and the same for README.md.
std::string ScenarioTable();
std::string ScenarioTableMarkdown();

}  // namespace interaction::sandbox
