#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/call/recent_calls.h"

namespace interaction::app {

// The last calls as a JSON object, for /calls: those that fit all that `query` asks for. Its keys are outcome, reason,
// caller, request_id and trace_id; a caller fits if its name contains the text, the others are compared whole.
std::string CallsJson(const std::vector<call::RecentCall>& calls, const std::map<std::string, std::string>& query);

}  // namespace interaction::app
