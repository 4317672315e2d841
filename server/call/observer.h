#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/call/call.h"

namespace interaction::call {

// One request to an upstream, when it is over.
struct AttemptResult {
  int number = 1;              // of the call's attempts
  absl::Status status;         // OK, or the error that the attempt came to
  int http_status = 0;         // 0: no complete response
  std::string interaction_id;  // as in CallResult
  absl::Duration duration;
  bool is_late = false;  // every caller that waited for it has left
};

// Hears of each call: log, metrics, traces. There is no other way to hear of one. On the call's lane; must not block.
class Observer {
 public:
  virtual ~Observer() = default;

  // Once for each attempt of a call. A call whose caller has left may have attempts that end after the call.
  virtual void OnAttemptEnd(const Call& call, const AttemptResult& attempt) = 0;

  // Once for each call, whatever became of it.
  virtual void OnEnd(const Call& call) = 0;
};

}  // namespace interaction::call
