#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/config/config.h"

namespace interaction::app {

// What a caller may do by the policy, in lines for the operator. `name`: as Caller::Name() has it. INVALID_ARGUMENT if
// it is not of that form.
absl::StatusOr<std::string> ExplainCaller(const config::Config& config, absl::string_view name);

}  // namespace interaction::app
