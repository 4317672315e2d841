#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sandbox/message.h"
#include "sandbox/vendors.h"

namespace interaction::sandbox {

// The scenarios that every vendor has.
absl::Span<const Scenario> CommonScenarios();

// A row of the table.
struct ListedScenario {
  const Scenario* scenario;
  std::vector<const Vendor*> players;  // the vendors that have it
  absl::string_view who;               // a vendor's name, or the word for all
};

// The common scenarios, then those of each vendor, in the order in which they are listed. Valid as long as the vendors.
std::vector<ListedScenario> ListScenarios(const Vendors& vendors);

// Plays the scenario of that name ("status-503"). `stage.number` is filled in here. INVALID_ARGUMENT if the vendor has
// none of that name, or the number is out of range.
absl::StatusOr<Reply> Play(absl::string_view name, Stage stage);

// OK if Play would find the scenario for the vendor.
absl::Status CheckScenario(absl::string_view name, const Vendor& vendor);

// The table for a terminal, and the same for README.md.
std::string ScenarioTable(const Vendors& vendors);
std::string ScenarioTableMarkdown(const Vendors& vendors);

}  // namespace interaction::sandbox
