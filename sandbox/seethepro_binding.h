#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace interaction::sandbox::seethepro {

// Errors of a bound model, in the order in which they were found: key ("model.AccountId") and texts.
using ModelState = std::vector<std::pair<std::string, std::vector<std::string>>>;

// What ASP.NET Web API 2 makes of a body for an action `Create(CreateVspInteraction model)`.
struct Binding {
  bool null_model = false;  // an empty body or a null: counts as valid, and the action gets no model
  // By the name of the page ("AccountId"); a member that is absent or null has no entry. GUIDs are canonical, and all
  // zero where the framework did not notice that one is missing (XML).
  absl::flat_hash_map<std::string, std::string> values;
  ModelState errors;

  void AddError(absl::string_view key, absl::string_view text);
  // The value, or "".
  absl::string_view Get(absl::string_view name) const;
};

// The three formatters. Each reproduces what its framework counterpart was seen to do, leniency and traps included, and
// is deliberately independent of the gateway's own code: they judge each other.
Binding BindJson(absl::string_view body);
Binding BindXml(absl::string_view body);
Binding BindForm(absl::string_view body);

// The spellings that Guid.Parse takes: N, D, B and P of the .NET documentation, either case, blanks around. The
// all-zero GUID is one like any other.
std::optional<std::string> ReadGuid(absl::string_view text);

}  // namespace interaction::sandbox::seethepro
