#pragma once

#include "absl/strings/string_view.h"

namespace interaction {

// Whether an attempt opened an interaction upstream, as far as is known. Decided before any gRPC code is picked
// (docs/errors.md).
enum class Outcome {
  kNotApplied,  // certainly not: nothing was sent, or the upstream refused
  kApplied,     // the upstream confirmed it
  kUnknown,     // bytes may have reached the upstream, and no answer can be trusted
};

// "not_applied", "applied" or "unknown": the value of ErrorInfo.metadata["outcome"].
absl::string_view OutcomeName(Outcome outcome);

// Where a call was when it ended: the value of ErrorInfo.metadata["phase"].
enum class Phase {
  kParse,
  kAuthorize,
  kValidate,
  kStore,
  kQueue,
  kResolve,
  kConnect,
  kTls,
  kSend,
  kWait,
  kReceive,
  kDecode
};

// "parse", "authorize", "validate", ... in lower case.
absl::string_view PhaseName(Phase phase);

}  // namespace interaction
