#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/telemetry/log.h"

namespace interaction::redis {

// Tells the operator why Redis refuses commands, in lines that a flood of refusals does not multiply: one for each word
// and command a minute, with the number of refusals since the last one.
//
//   redis refuses a command {"command": "EVALSHA", "error": "NOREPLICAS", "times": 1}
//
// Neither the text of the error nor an argument gets into the log. Not thread-safe.
class RefusalLog {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  // `clock` and `logger` outlive it.
  RefusalLog(const Clock* clock, telemetry::Logger* logger) : clock_(clock), logger_(logger) {}

  // `refusal` came of an error reply (server_error.h); one that is not told of (NOSCRIPT) is passed over.
  void Add(absl::string_view command, const absl::Status& refusal);

 private:
  struct Refusals {
    SteadyTime next_line = 0;
    int64_t times = 0;  // since the last line
  };

  const Clock* const clock_;
  telemetry::Logger* const logger_;
  absl::flat_hash_map<std::string, Refusals> refusals_;  // by command and word
};

}  // namespace interaction::redis
