#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "interaction/v1/interaction_service.grpc.pb.h"
#include "server/app/app.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/config/config.h"
#include "server/http/resolver.h"

namespace interaction::testing {

// What a call came to, as its caller sees it.
template <typename Reply>
struct Answer {
  grpc::Status status;
  Reply reply;
  // Out of grpc-status-details-bin; empty on success.
  int error_infos = 0;
  std::string reason;
  std::string domain;
  std::string outcome;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> field_violations;
  std::optional<absl::Duration> retry_after;
  bool has_quota_failure = false;
  bool has_precondition_failure = false;
  size_t details_bytes = 0;
  std::string pushback;   // the trailer grpc-retry-pushback-ms
  bool replayed = false;  // the trailer idempotent-replayed
  bool bypassed = false;  // the trailer idempotency: bypassed
};

using VspAnswer = Answer<v1::CreateVspInteractionResponse>;
using WolkvoxAnswer = Answer<v1::AddWolkvoxInteractionResponse>;

// What a test sets on a call before it starts: a deadline, metadata.
using CallSetup = std::function<void(grpc::ClientContext& context)>;

// The call may take so long.
CallSetup WithDeadline(absl::Duration timeout);

// The transport that the servers under test use: config::Transport::kGrpc if the environment has
// INTERACTION_SERVER__TRANSPORT=grpc, otherwise the default. Every suite runs with both (docs/transports.md).
config::Transport TransportUnderTest();

// The path of an RPC, for clients that make HTTP/2 frames themselves.
inline constexpr char kCreateVspPath[] = "/interaction.v1.InteractionService/CreateVspInteraction";

// A gRPC client that reads answers whole. Blocks; a call takes ten seconds at most unless its setup says otherwise.
class GatewayClient {
 public:
  explicit GatewayClient(std::shared_ptr<grpc::Channel> channel);

  VspAnswer CreateVsp(const v1::CreateVspInteractionRequest& request, const CallSetup& setup = nullptr) const;
  WolkvoxAnswer AddWolkvox(const v1::AddWolkvoxInteractionRequest& request, const CallSetup& setup = nullptr) const;

 private:
  std::unique_ptr<v1::InteractionService::Stub> stub_;
};

// The whole server in this process, on a free port of the loopback interface, and a client of it.
//
//   RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
//   TestGateway gateway(upstream.url());
//   EXPECT_THAT(gateway.CreateVsp(), Succeeds());
class TestGateway {
 public:
  using Configure = std::function<void(config::Config& config)>;

  // Both upstreams at `upstream_url`, plaintext and loopback allowed, two lanes, no log, a short drain; then what
  // `configure` makes of it. `resolver` and `clock` may be null: the system's.
  explicit TestGateway(const std::string& upstream_url, const Configure& configure = nullptr,
                       http::Resolver* resolver = nullptr, const Clock* clock = nullptr);
  ~TestGateway();

  // Calls with a valid request, or the given one.
  VspAnswer CreateVsp(const CallSetup& setup = nullptr) const { return client_->CreateVsp(ValidVsp(), setup); }
  VspAnswer CreateVsp(const v1::CreateVspInteractionRequest& request, const CallSetup& setup = nullptr) const {
    return client_->CreateVsp(request, setup);
  }
  WolkvoxAnswer AddWolkvox(const CallSetup& setup = nullptr) const {
    return client_->AddWolkvox(ValidWolkvox(), setup);
  }
  WolkvoxAnswer AddWolkvox(const v1::AddWolkvoxInteractionRequest& request, const CallSetup& setup = nullptr) const {
    return client_->AddWolkvox(request, setup);
  }

  static v1::CreateVspInteractionRequest ValidVsp();
  static v1::AddWolkvoxInteractionRequest ValidWolkvox();

  app::App& app() const { return *app_; }
  uint16_t port() const;
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }

 private:
  RealClock clock_;
  std::unique_ptr<app::App> app_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<GatewayClient> client_;
};

}  // namespace interaction::testing
