#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/errors.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// What log lines and pages about calls have in common.

// The level at which a failed call is logged: info for what the caller caused (an invalid request, a rejected
// credential of its own, too short a deadline, leaving early), warning for everything else and for every unknown
// outcome.
telemetry::LogLevel LevelOf(const absl::Status& error, const ErrorDetails& details);

// The caller, if the error names it: one that is refused is not known to the call. "": it does not.
absl::string_view CallerIn(const ErrorDetails& details);

// Why a caller is refused; "" for other errors, whose detail may repeat what the caller has sent.
absl::string_view DetailIn(const ErrorDetails& details);

// The fields that break their rules, by name: "sender, body".
std::string FieldsIn(const ErrorDetails& details);

// Milliseconds with three digits: microseconds are what the gateway's own part is told apart by.
double MillisecondsOf(absl::Duration duration);

}  // namespace interaction::call
