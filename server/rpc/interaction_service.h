#pragma once

#include <cstddef>
#include <memory>
#include <vector>

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

// The upstreams of one lane.
struct Upstreams {
  std::shared_ptr<const upstream::Upstream> create_vsp;
  std::shared_ptr<const upstream::Upstream> add_wolkvox;
};

// interaction.v1.InteractionService. Requests are read as bytes, so that one that cannot be parsed gets an error with
// details.
class InteractionService final : public Service {
 public:
  struct Options {
    Backend create_vsp;
    Backend add_wolkvox;
    Handling handling;
    size_t lanes = 1;
    const telemetry::Tracer* tracer = nullptr;  // null: no spans are made
    call::Observer* observer = nullptr;         // may be null, like the two below; all outlive the service
    telemetry::Counters* counters = nullptr;
    telemetry::Logger* log = nullptr;
  };

  explicit InteractionService(const Options& options);

  void Register(Methods* methods) override;

  // Calls that arrive on the lane of this index go to these upstreams from now on; those under way keep theirs. On the
  // lane.
  void Use(size_t lane, const Upstreams& upstreams);

 private:
  // One RPC: the upstream that each lane's calls go to, by the lane's index, and the limits.
  struct Rpc {
    std::vector<std::shared_ptr<const upstream::Upstream>> upstreams;
    const limits::UpstreamLimits* limits;
  };

  lane::Task<void> Serve(const Rpc* rpc, std::unique_ptr<ServerCall> arrived, LaneCalls* calls);
  std::shared_ptr<call::Call> MakeCall(const Rpc& rpc, const ServerCall& arrived) const;
  void CountRefusal(const absl::Status& refusal) const;
  void ReportUnread(const call::Call& call) const;

  const Options options_;
  Rpc create_vsp_;
  Rpc add_wolkvox_;
};

}  // namespace interaction::rpc
