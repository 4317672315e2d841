#pragma once

#include <functional>
#include <utility>

#include "server/call/observer.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// Writes one line for each call: what happened, to whom, and whether an interaction was opened. It holds no body, no
// personal data and no secret. Thread-safe.
class AccessLog final : public Observer {
 public:
  // Of the calls that succeed, `share` get a line, from 0 to 1; calls that fail always do. `random`: uniform in [0, 1),
  // called on any thread. `log` outlives this.
  AccessLog(double share, std::function<double()> random, telemetry::Logger* log)
      : share_(share), random_(std::move(random)), log_(log) {}

  void OnAttemptEnd(const Call&, const AttemptResult&) override {}
  void OnEnd(const Call& call) override;

 private:
  const double share_;
  const std::function<double()> random_;
  telemetry::Logger* const log_;
};

}  // namespace interaction::call
