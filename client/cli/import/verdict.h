#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/import/journal.h"
#include "interaction/client.h"

namespace interaction::cli::import {

// What has happened to a row so far in this run.
struct Tries {
  int count = 1;                               // calls made, this one included
  absl::Duration since_first;                  // the time since the first of them
  bool may_be_applied = false;                 // an earlier call, of this run or another, may have opened it
  absl::Duration patience = absl::Minutes(5);  // how long to wait for a gateway that does not serve
};

// What to do after a call that failed.
struct Verdict {
  enum class Step {
    kFinal,   // `state` is the result
    kRepeat,  // the same call again after `delay`
    kStop,    // every other row would fail as well: the import ends
  };
  Step step = Step::kFinal;
  RowState state = RowState::kNotApplied;
  absl::Duration delay;
  bool slow_down = false;  // for all rows: nothing is to be sent within `delay`
};

// `error` is GetCallError(status). Follows RetryInfo; where there is none, waits twice as long each time. A call whose
// outcome is unknown is repeated with the same request_id, which the gateway never sends twice.
Verdict Judge(const absl::Status& status, const CallError& error, const Tries& tries);

// Whether `reason` is likely to be the same for every row, so that many in succession are a reason to stop.
bool ConcernsAllRows(absl::string_view reason);

}  // namespace interaction::cli::import
