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

// Logs why Redis refuses commands, without a flood of lines: one a minute for each error word and command, with the
// number of refusals since the last one.
//
//   redis refuses a command {"command": "EVALSHA", "error": "NOREPLICAS", "times": 1}
//
// Neither the text of the error nor any argument is logged. Not thread-safe.
class RefusalLog {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  // `clock` and `logger` outlive it.
  RefusalLog(const Clock* clock, telemetry::Logger* logger) : clock_(clock), logger_(logger) {}

  // `refusal` was made from an error reply (server_error.h). NOSCRIPT is not logged.
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
