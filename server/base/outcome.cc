#include "server/base/outcome.h"

namespace interaction {

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotApplied:
      return "not_applied";
    case Outcome::kApplied:
      return "applied";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "unknown";
}

absl::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kParse:
      return "parse";
    case Phase::kAuthorize:
      return "authorize";
    case Phase::kValidate:
      return "validate";
    case Phase::kStore:
      return "store";
    case Phase::kQueue:
      return "queue";
    case Phase::kResolve:
      return "resolve";
    case Phase::kConnect:
      return "connect";
    case Phase::kTls:
      return "tls";
    case Phase::kSend:
      return "send";
    case Phase::kWait:
      return "wait";
    case Phase::kReceive:
      return "receive";
    case Phase::kDecode:
      return "decode";
  }
  return "decode";
}

}  // namespace interaction
