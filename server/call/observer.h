#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/call/call.h"

namespace interaction::call {

// One request to an upstream that has ended.
struct AttemptResult {
  int number = 1;                    // among the call's attempts, from 1
  absl::Status status;               // OK, or the attempt's error
  int http_status = 0;               // 0: no complete response
  absl::string_view interaction_id;  // as in CallResult; valid while the observer is told
  absl::Duration duration;
  bool is_late = false;  // every caller that waited for it had left
};

// Is told of each call, for log, metrics and traces; there is no other hook. Called on the call's lane; must not block.
// OnEnd() says everything that OnStart() does: it is for counting.
class Observer {
 public:
  virtual ~Observer() = default;

  // Called once for each call, when it has arrived.
  virtual void OnStart(const Call&) {}

  // Called once for each attempt. Attempts of a call whose caller has left may end after the call.
  virtual void OnAttemptEnd(const Call& call, const AttemptResult& attempt) = 0;

  // Called once for each call, whatever its result.
  virtual void OnEnd(const Call& call) = 0;
};

}  // namespace interaction::call
