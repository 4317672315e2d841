#pragma once

#include <memory>

#include "server/call/failure_log.h"
#include "server/rpc/server_call.h"
#include "server/rpc/service.h"
#include "server/telemetry/log.h"

namespace interaction::rpc {

// Answers calls of methods that no service has: UNKNOWN_METHOD, with details.
class UnknownMethods final : public Service {
 public:
  // `log` may be null, or outlives this.
  explicit UnknownMethods(telemetry::Logger* log) : failures_("", log) {}

  void Register(Methods* methods) override;

 private:
  lane::Task<void> Refuse(std::unique_ptr<ServerCall> call);

  call::FailureLog failures_;
};

}  // namespace interaction::rpc
