#pragma once

#include <memory>

#include "server/call/call.h"
#include "server/call/observer.h"
#include "server/limits/upstream_limits.h"
#include "server/rpc/handle.h"
#include "server/rpc/server_call.h"
#include "server/rpc/service.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"
#include "server/upstream/upstream.h"

namespace interaction::rpc {

// An upstream and its limits.
struct Backend {
  std::shared_ptr<const upstream::Upstream> upstream;
  const limits::UpstreamLimits* limits;  // outlives the service
};

// interaction.v1.InteractionService. Requests are read as bytes, so that one that cannot be parsed gets an error with
// details.
class InteractionService final : public Service {
 public:
  struct Options {
    Backend create_vsp;
    Backend add_wolkvox;
    Handling handling;
    bool count_peers = false;            // calls know the machine that they come from
    call::Observer* observer = nullptr;  // may be null, like the two below; all outlive the service
    telemetry::Counters* counters = nullptr;
    telemetry::Logger* log = nullptr;
  };

  explicit InteractionService(const Options& options) : options_(options) {}

  void Register(Methods* methods) override;

 private:
  lane::Task<void> Serve(const Backend* backend, std::unique_ptr<ServerCall> arrived, LaneCalls* calls);
  std::shared_ptr<call::Call> MakeCall(const Backend& backend, const ServerCall& arrived) const;
  void ReportUnread(const call::Call& call) const;

  const Options options_;
};

}  // namespace interaction::rpc
