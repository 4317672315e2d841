#include "tests/integration/gateway.h"

#include <grpcpp/create_channel.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/http/client.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

config::Config LoopbackConfig(const std::string& upstream_url) {
  config::Config config;
  config.server.listen = "127.0.0.1:0";
  config.admin.listen = "127.0.0.1:0";
  config.server.transport = TransportUnderTest();
  config.server.lanes = 2;
  config.calls.drain_delay = absl::ZeroDuration();
  config.seethepro.base_url = upstream_url;
  config.wolkvox.base_url = upstream_url;
  config.egress.allow_plaintext = true;
  config.egress.allow_loopback = true;
  return config;
}

template <typename Reply>
void ReadDetail(const google::protobuf::Any& detail, Answer<Reply>& answer) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&info)) {
    ++answer.error_infos;
    answer.reason = info.reason();
    answer.domain = info.domain();
    answer.metadata = {info.metadata().begin(), info.metadata().end()};
    answer.outcome = answer.metadata["outcome"];
  } else if (detail.UnpackTo(&bad_request)) {
    for (const auto& violation : bad_request.field_violations()) {
      answer.field_violations.push_back({violation.field(), violation.description()});
    }
  } else if (detail.UnpackTo(&retry)) {
    answer.retry_after = absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
  }
  answer.has_quota_failure |= detail.Is<google::rpc::QuotaFailure>();
  answer.has_precondition_failure |= detail.Is<google::rpc::PreconditionFailure>();
}

template <typename Reply>
void ReadDetails(const grpc::ClientContext& context, Answer<Reply>& answer) {
  google::rpc::Status status;
  answer.details_bytes = answer.status.error_details().size();
  if (status.ParseFromString(answer.status.error_details())) {
    for (const auto& detail : status.details()) ReadDetail(detail, answer);
  }
  const auto& trailers = context.GetServerTrailingMetadata();
  answer.replayed = trailers.count("idempotent-replayed") != 0;
  answer.bypassed = trailers.count("idempotency") != 0;
  if (const auto it = trailers.find("grpc-retry-pushback-ms"); it != trailers.end()) {
    answer.pushback.assign(it->second.data(), it->second.size());
  }
}

template <typename Reply, typename Request, typename Method>
Answer<Reply> Call(v1::InteractionService::Stub* stub, Method method, const Request& request, const CallSetup& setup) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  if (setup) setup(context);
  Answer<Reply> answer;
  answer.status = (stub->*method)(&context, request, &answer.reply);
  ReadDetails(context, answer);
  return answer;
}

}  // namespace

config::Transport TransportUnderTest() {
  const char* const name = std::getenv("INTERACTION_SERVER__TRANSPORT");
  return name != nullptr && absl::string_view(name) == "grpc" ? config::Transport::kGrpc : config::Transport::kH2;
}

CallSetup WithDeadline(absl::Duration timeout) {
  return [timeout](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(timeout));
  };
}

GatewayClient::GatewayClient(std::shared_ptr<grpc::Channel> channel)
    : stub_(v1::InteractionService::NewStub(channel)) {}

TestGateway::TestGateway(const std::string& upstream_url, const Configure& configure, http::Resolver* resolver,
                         const Clock* clock) {
  static const bool initialized = http::GlobalInit().ok();
  Require(initialized, "http::GlobalInit");
  config::Config config = LoopbackConfig(upstream_url);
  if (configure) configure(config);
  auto app = app::App::Start(config, {clock == nullptr ? &clock_ : clock, /*log=*/nullptr, resolver});
  Require(app.ok(), std::string(app.status().message()).c_str());
  app_ = *std::move(app);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a proxy in the environment is for the gateway to be tested with
  channel_ =
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port()), grpc::InsecureChannelCredentials(), arguments);
  client_ = std::make_unique<GatewayClient>(channel_);
}

TestGateway::~TestGateway() = default;

uint16_t TestGateway::port() const {
  int port = 0;
  (void)absl::SimpleAtoi(app_->address().substr(app_->address().rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

VspAnswer GatewayClient::CreateVsp(const v1::CreateVspInteractionRequest& request, const CallSetup& setup) const {
  using Stub = v1::InteractionService::Stub;
  return Call<v1::CreateVspInteractionResponse>(stub_.get(), &Stub::CreateVspInteraction, request, setup);
}

WolkvoxAnswer GatewayClient::AddWolkvox(const v1::AddWolkvoxInteractionRequest& request, const CallSetup& setup) const {
  using Stub = v1::InteractionService::Stub;
  return Call<v1::AddWolkvoxInteractionResponse>(stub_.get(), &Stub::AddWolkvoxInteraction, request, setup);
}

v1::CreateVspInteractionRequest TestGateway::ValidVsp() {
  v1::CreateVspInteractionRequest request;
  request.set_app_access_key("canary-app-access-key");
  request.set_interaction_identity("canary-identity");
  request.set_interaction_name("canary-name");
  request.set_account_id("6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  request.set_contact_id("3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");
  return request;
}

v1::AddWolkvoxInteractionRequest TestGateway::ValidWolkvox() {
  v1::AddWolkvoxInteractionRequest request;
  request.set_sender("canary-sender");
  request.set_recipient("canary-recipient");
  request.set_subject("canary-subject");
  request.set_body("canary-body");
  request.set_routing_point_id("10293");
  request.set_wolkvox_server("0042");
  request.set_wolkvox_token("canary-wolkvox-token");
  return request;
}

}  // namespace interaction::testing
