#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/auth/api_keys.h"
#include "server/auth/policy.h"
#include "server/config/setting.h"

namespace interaction::config {

// What a rule may allow.
inline constexpr absl::string_view kPolicyRpcs[] = {"CreateVspInteraction", "AddWolkvoxInteraction"};

// The file of callers.policy_file: docs/callers.md. Reports everything that is wrong with it.
std::vector<auth::Rule> ReadPolicy(const std::string& file, Problems* problems);

// The file of callers.api_keys_file, likewise.
std::vector<auth::ApiKey> ReadApiKeys(const std::string& file, Problems* problems);

}  // namespace interaction::config
