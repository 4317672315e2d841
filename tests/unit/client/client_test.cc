#include "interaction/client.h"

#include <grpcpp/security/server_credentials.h>

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/service_config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/connect_proxy.h"
#include "tests/support/matchers.h"
#include "tests/unit/client/details.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction {
namespace {

using ::interaction::testing::CertificateAuthority;
using ::interaction::testing::ConnectProxy;
using ::interaction::testing::DyingGateway;
using ::interaction::testing::EqualsProto;
using ::interaction::testing::FakeGateway;
using ::interaction::testing::Info;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::KeyPairFiles;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::RpcStatus;
using ::interaction::testing::SilentPort;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::interaction::testing::ToGrpc;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kRequestId[] = "1f0e2d3c-4b5a-4978-8675-64534231200f";

std::unique_ptr<Client> Connect(const ClientOptions& options) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(options);
  EXPECT_THAT(client, ::interaction::testing::IsOk());
  return *std::move(client);
}

std::unique_ptr<Client> ConnectTo(const std::string& target) { return Connect({.target = target}); }

v1::CreateVspInteractionRequest RequestWithId() {
  v1::CreateVspInteractionRequest request;
  request.set_request_id(kRequestId);
  return request;
}

FakeGateway::CreateVsp Fail(grpc::Status status) {
  return [status](auto&&...) { return status; };
}

CallOptions Within(absl::Duration timeout) { return {.deadline = absl::Now() + timeout, .metadata = {}, .stop = {}}; }

TEST(ClientTest, CreateVspInteractionSendsTheRequestAndReturnsTheReply) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](grpc::ServerContext&, const auto& request, auto& reply) {
    reply.set_interaction_id("opened for " + request.account_id());
    return grpc::Status::OK;
  });
  v1::CreateVspInteractionRequest request;
  request.set_account_id("a");

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(request);

  ASSERT_THAT(reply, ::interaction::testing::IsOk());
  EXPECT_THAT(reply->message, EqualsProto(R"pb(interaction_id: "opened for a")pb"));
  EXPECT_FALSE(reply->replayed);
}

TEST(ClientTest, AddWolkvoxInteractionSendsTheRequestAndReturnsTheReply) {
  FakeGateway gateway;
  gateway.OnAddWolkvox([](grpc::ServerContext&, const auto& request, auto& reply) {
    reply.set_code(201);
    reply.set_message("routed to " + request.routing_point_id());
    return grpc::Status::OK;
  });
  v1::AddWolkvoxInteractionRequest request;
  request.set_routing_point_id("4711");

  const auto reply = ConnectTo(gateway.target())->AddWolkvoxInteraction(request);

  ASSERT_THAT(reply, ::interaction::testing::IsOk());
  EXPECT_THAT(reply->message, EqualsProto(R"pb(code: 201 message: "routed to 4711")pb"));
}

TEST(ClientTest, AReplayedAnswerIsMarked) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](grpc::ServerContext& context, auto&&...) {
    context.AddTrailingMetadata("idempotent-replayed", "true");
    return grpc::Status::OK;
  });

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  EXPECT_THAT(reply, IsOkAndHolds(Field(&Reply<v1::CreateVspInteractionResponse>::replayed, true)));
}

TEST(ClientTest, MetadataAndUserAgentReachTheGateway) {
  FakeGateway gateway;
  const auto client = Connect({.target = gateway.target(), .user_agent_prefix = "billing/7"});

  ASSERT_THAT(
      client->CreateVspInteraction({}, {.metadata = {{"x-request-id", "42"}, {"x-raw-bin", "\x01\xff"}}, .stop = {}}),
      ::interaction::testing::IsOk());

  ASSERT_THAT(gateway.calls(), SizeIs(1));
  EXPECT_THAT(gateway.calls()[0].metadata,
              AllOf(Contains(Pair("x-request-id", "42")), Contains(Pair("x-raw-bin", "\x01\xff")),
                    Contains(Pair("user-agent", StartsWith("billing/7 grpc-c++/")))));
}

struct MetadataCase {
  const char* name;
  std::pair<std::string, std::string> metadata;
};

class IllegalMetadataTest : public ::testing::TestWithParam<MetadataCase> {};

TEST_P(IllegalMetadataTest, IsRefusedBeforeAnythingIsSent) {
  FakeGateway gateway;

  const auto reply = ConnectTo(gateway.target())
                         ->CreateVspInteraction({}, {.deadline = {}, .metadata = {GetParam().metadata}, .stop = {}});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(GetCallError(reply.status()).reason, kIllegalMetadata);
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kNotApplied);
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Metadata, IllegalMetadataTest,
                         ::testing::Values(MetadataCase{"UpperCaseName", {"X-Id", "1"}},
                                           MetadataCase{"EmptyName", {"", "1"}},
                                           MetadataCase{"PseudoHeader", {":path", "/"}},
                                           MetadataCase{"ReservedName", {"grpc-timeout", "1S"}},
                                           MetadataCase{"LineEndInValue", {"x-id", "1\r\nx-other: 2"}}),
                         [](const auto& test) { return test.param.name; });

TEST(ClientTest, ACallWithoutDeadlineGetsTheDefaultTimeout) {
  FakeGateway gateway;
  const absl::Time before = absl::Now();

  ASSERT_THAT(Connect({.target = gateway.target(), .default_timeout = absl::Minutes(5)})->CreateVspInteraction({}),
              ::interaction::testing::IsOk());

  // grpc-timeout is rounded when it is sent, and taken from the moment when it arrives.
  ASSERT_THAT(gateway.calls(), SizeIs(1));
  const absl::Time deadline = absl::FromChrono(gateway.calls()[0].deadline);
  EXPECT_GT(deadline, before + absl::Minutes(4));
  EXPECT_LT(deadline, absl::Now() + absl::Minutes(6));
}

TEST(ClientTest, ADeadlineThatPassesWhileTheGatewayWorksLeavesTheOutcomeUnknown) {
  absl::Notification released;
  FakeGateway gateway;
  gateway.OnCreateVsp([&released](auto&&...) {
    released.WaitForNotification();
    return grpc::Status::OK;
  });
  const auto client = ConnectTo(gateway.target());
  ASSERT_THAT(client->AddWolkvoxInteraction({}), ::interaction::testing::IsOk());  // connects

  const auto reply = client->CreateVspInteraction({}, Within(absl::Milliseconds(50)));
  released.Notify();

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kUnknown);
  EXPECT_EQ(GetCallError(reply.status()).reason, kNoAnswerFromGateway);
}

TEST(ClientTest, AStopCancelsACallUnderWayAndLeavesItsOutcomeUnknown) {
  std::stop_source source;
  absl::Notification released;
  FakeGateway gateway;
  gateway.OnCreateVsp([&](auto&&...) {
    source.request_stop();
    released.WaitForNotification();
    return grpc::Status::OK;
  });

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction({}, {.stop = source.get_token()});
  released.Notify();

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kUnknown);
  EXPECT_EQ(GetCallError(reply.status()).reason, kNoAnswerFromGateway);
}

TEST(ClientTest, AStopBeforeTheCallIsSentLeavesNothingOpened) {
  SilentPort port;
  std::stop_source source;
  source.request_stop();

  const auto reply = ConnectTo(absl::StrCat("127.0.0.1:", port.port()))
                         ->CreateVspInteraction(RequestWithId(), {.stop = source.get_token()});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kNotApplied);
  EXPECT_EQ(GetCallError(reply.status()).reason, kCancelledUnsent);
}

// A code alone says nothing about the outcome: a proxy, or gRPC itself, answered in the gateway's place.
class BareErrorTest : public ::testing::TestWithParam<grpc::StatusCode> {};

TEST_P(BareErrorTest, HasAnUnknownOutcomeAndTheClientsOwnReason) {
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail({GetParam(), "no"}));

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  ASSERT_THAT(reply, StatusIs(static_cast<absl::StatusCode>(GetParam()), "no"));
  const CallError error = GetCallError(reply.status());
  EXPECT_EQ(error.reason, kNoAnswerFromGateway);
  EXPECT_EQ(error.domain, kClientDomain);
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  EXPECT_THAT(error.metadata, Contains(Pair("requestId", kRequestId)));
}

INSTANTIATE_TEST_SUITE_P(Codes, BareErrorTest,
                         ::testing::Values(grpc::UNAVAILABLE, grpc::UNIMPLEMENTED, grpc::RESOURCE_EXHAUSTED,
                                           grpc::UNAUTHENTICATED, grpc::INTERNAL));

TEST(ClientTest, DetailsWithoutErrorInfoAreKept) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(3);
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail(ToGrpc(RpcStatus(grpc::UNAVAILABLE, "busy", retry))));

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction({});

  const CallError error = GetCallError(reply.status());
  EXPECT_EQ(error.reason, kNoAnswerFromGateway);
  EXPECT_EQ(error.retry_delay, absl::Seconds(3));
}

TEST(ClientTest, AnErrorKeepsCodeMessageAndTheBytesOfItsDetails) {
  const google::rpc::Status sent =
      RpcStatus(grpc::INVALID_ARGUMENT, "The request breaks a rule.", Info("INVALID_REQUEST", "not_applied"));
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail(ToGrpc(sent)));

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction({});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument, "The request breaks a rule."));
  EXPECT_EQ(reply.status().GetPayload(kStatusPayload), absl::Cord(sent.SerializeAsString()));
  EXPECT_EQ(GetCallError(reply.status()).reason, "INVALID_REQUEST");
}

// Retries.

TEST(ClientRetryTest, UnavailableIsTriedThreeTimesIfTheRequestHasAnId) {
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail({grpc::StatusCode::UNAVAILABLE, "overloaded"}));

  EXPECT_THAT(ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId()),
              StatusIs(absl::StatusCode::kUnavailable, "overloaded"));

  EXPECT_THAT(gateway.calls(), SizeIs(3));
}

TEST(ClientRetryTest, TheAnswerOfARetryIsTheAnswerOfTheCall) {
  FakeGateway gateway;
  gateway.OnCreateVsp([&gateway](grpc::ServerContext&, const auto& request, auto& reply) {
    if (gateway.calls().size() == 1) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "overloaded");
    reply.set_interaction_id(request.request_id());
    return grpc::Status::OK;
  });

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  ASSERT_THAT(reply, ::interaction::testing::IsOk());
  EXPECT_EQ(reply->message.interaction_id(), kRequestId);
  EXPECT_THAT(gateway.calls(), SizeIs(2));
}

TEST(ClientRetryTest, NothingIsRetriedAgainstThePushbackOfTheGateway) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](grpc::ServerContext& context, auto&&...) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "do not");
  });

  EXPECT_THAT(ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId()),
              StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(ClientRetryTest, ACallWithoutRequestIdIsGivenANewUuidAndTriedAgainWithIt) {
  FakeGateway gateway;
  std::vector<std::string> ids;
  gateway.OnCreateVsp([&ids](grpc::ServerContext&, const auto& request, auto&) {
    ids.push_back(request.request_id());
    return ids.size() == 2 ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNAVAILABLE, "overloaded");
  });
  const auto client = ConnectTo(gateway.target());

  const auto reply = client->CreateVspInteraction({});
  const auto error = client->CreateVspInteraction({});

  ASSERT_THAT(reply, ::interaction::testing::IsOk());
  EXPECT_THAT(reply->request_id,
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  ASSERT_THAT(ids, SizeIs(5));
  EXPECT_EQ(ids[0], reply->request_id);
  EXPECT_EQ(ids[1], reply->request_id);
  EXPECT_NE(ids[2], ids[1]);
  EXPECT_EQ(GetCallError(error.status()).request_id, ids[2]);
}

TEST(ClientRetryTest, WithMakeRequestIdOffACallWithoutRequestIdIsSentOnceAndWithoutOne) {
  FakeGateway gateway;
  std::string id = "not called";
  gateway.OnCreateVsp([&id](grpc::ServerContext&, const auto& request, auto&) {
    id = request.request_id();
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "overloaded");
  });

  EXPECT_THAT(Connect({.target = gateway.target(), .make_request_id = false})->CreateVspInteraction({}),
              StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(id, "");
  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(ClientRetryTest, WithoutTheDefaultServiceConfigACallIsSentOnce) {
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail({grpc::StatusCode::UNAVAILABLE, "overloaded"}));

  EXPECT_THAT(
      Connect({.target = gateway.target(), .default_service_config = false})->CreateVspInteraction(RequestWithId()),
      StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(ClientRetryTest, AnAttemptWithoutAnswerLeavesTheOutcomeUnknownEvenIfTheGatewayRefusesTheNext) {
  FakeGateway gateway;
  gateway.OnCreateVsp([&gateway](auto&&...) {
    if (gateway.calls().size() == 1) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the connection broke");
    return ToGrpc(RpcStatus(grpc::RESOURCE_EXHAUSTED, "slow down", Info("RATE_LIMITED", "not_applied")));
  });

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  EXPECT_THAT(gateway.calls(), SizeIs(2));
  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kResourceExhausted, "slow down"));
  EXPECT_EQ(GetCallError(reply.status()).reason, "RATE_LIMITED");
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kUnknown);
}

TEST(ClientRetryTest, AttemptsThatTheGatewayRefusedLeaveNothingOpened) {
  FakeGateway gateway;
  gateway.OnCreateVsp(
      Fail(ToGrpc(RpcStatus(grpc::UNAVAILABLE, "overloaded", Info("GATEWAY_OVERLOADED", "not_applied")))));

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  EXPECT_THAT(gateway.calls(), SizeIs(3));
  EXPECT_EQ(GetCallError(reply.status()).reason, "GATEWAY_OVERLOADED");
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kNotApplied);
}

TEST(ClientRetryTest, AnErrorInfoOfSomethingOnTheWayIsNoAnswerOfTheGateway) {
  google::rpc::ErrorInfo info = Info("RATE_LIMITED", "not_applied");
  info.set_domain("proxy.example");
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail(ToGrpc(RpcStatus(grpc::PERMISSION_DENIED, "no", info))));

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  const CallError error = GetCallError(reply.status());
  EXPECT_EQ(error.reason, kNoAnswerFromGateway);
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  EXPECT_THAT(error.metadata, Contains(Pair("requestId", kRequestId)));
}

class FinalCodeTest : public ::testing::TestWithParam<absl::StatusCode> {};

TEST_P(FinalCodeTest, IsNotRetried) {
  FakeGateway gateway;
  gateway.OnCreateVsp(Fail({static_cast<grpc::StatusCode>(GetParam()), "no"}));

  EXPECT_THAT(ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId()), StatusIs(GetParam(), "no"));

  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(EveryCodeButUnavailable, FinalCodeTest,
                         ::testing::Values(absl::StatusCode::kCancelled, absl::StatusCode::kUnknown,
                                           absl::StatusCode::kInvalidArgument, absl::StatusCode::kDeadlineExceeded,
                                           absl::StatusCode::kNotFound, absl::StatusCode::kAlreadyExists,
                                           absl::StatusCode::kPermissionDenied, absl::StatusCode::kResourceExhausted,
                                           absl::StatusCode::kFailedPrecondition, absl::StatusCode::kAborted,
                                           absl::StatusCode::kOutOfRange, absl::StatusCode::kUnimplemented,
                                           absl::StatusCode::kInternal, absl::StatusCode::kDataLoss,
                                           absl::StatusCode::kUnauthenticated),
                         [](const auto& test) { return absl::StatusCodeToString(test.param); });

// The reason for the rule: to gRPC's retry policy a gateway that dies at work is UNAVAILABLE like any other.
TEST(ClientRetryTest, ACallWithoutRequestIdIsNotSentAgainWhenTheConnectionBreaks) {
  DyingGateway gateway;

  const auto reply = Connect({.target = gateway.target(), .make_request_id = false})->CreateVspInteraction({});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(gateway.deaths(), 1);
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kUnknown);
}

TEST(ClientRetryTest, ACallWithRequestIdIsSentAgainWhenTheConnectionBreaks) {
  DyingGateway gateway;

  const auto reply = ConnectTo(gateway.target())->CreateVspInteraction(RequestWithId());

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(gateway.deaths(), 3);
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kUnknown);
}

TEST(ClientTest, TheEmbeddedServiceConfigIsTheFile) {
  std::ifstream file("client/service_config.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};

  EXPECT_EQ(kServiceConfig, text);
}

// Connections.

TEST(ClientConnectionTest, AGatewayThatRefusesConnectionsHasOpenedNothing) {
  RefusingPort port;

  const auto reply = ConnectTo(absl::StrCat("127.0.0.1:", port.port()))->CreateVspInteraction({});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
  const CallError error = GetCallError(reply.status());
  EXPECT_EQ(error.reason, kGatewayUnreachable);
  EXPECT_EQ(error.domain, kClientDomain);
  EXPECT_EQ(error.outcome, CallError::Outcome::kNotApplied);
}

TEST(ClientConnectionTest, AGatewayThatDoesNotAcceptConnectionsInTimeHasOpenedNothing) {
  SilentPort port;

  const auto reply =
      ConnectTo(absl::StrCat("127.0.0.1:", port.port()))->CreateVspInteraction({}, Within(absl::Milliseconds(50)));

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetCallError(reply.status()).reason, kGatewayUnreachable);
}

// The environment of this process, for one test. gRPC reads it when a channel is made.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~ScopedVariable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(ClientProxyTest, TheProxyOfTheEnvironmentIsNotUsed) {
  RefusingPort nobody;
  const std::string proxy = absl::StrCat("http://127.0.0.1:", nobody.port());
  const ScopedVariable http_proxy("http_proxy", proxy);
  const ScopedVariable https_proxy("https_proxy", proxy);
  const ScopedVariable grpc_proxy("grpc_proxy", proxy);
  FakeGateway gateway;

  EXPECT_THAT(ConnectTo(gateway.target())->CreateVspInteraction({}), ::interaction::testing::IsOk());
}

TEST(ClientProxyTest, TheProxyThatIsAskedForIsUsed) {
  ConnectProxy proxy(ConnectProxy::Answer::kTunnel);
  FakeGateway gateway;
  const auto client = Connect({.target = gateway.target(), .proxy = absl::StrCat("http://127.0.0.1:", proxy.port())});

  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());

  EXPECT_THAT(proxy.requests(), ElementsAre(StartsWith(absl::StrCat("CONNECT ", gateway.target(), " "))));
}

TEST(ClientProxyTest, AConnectionThatTheProxyRefusesNamesItWithoutItsPassword) {
  ConnectProxy proxy(ConnectProxy::Answer::kForbidden);
  FakeGateway gateway;
  const auto client =
      Connect({.target = gateway.target(), .proxy = absl::StrCat("http://user:s3cret@127.0.0.1:", proxy.port())});

  const auto reply = client->CreateVspInteraction({});

  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable,
                              AllOf(HasSubstr(absl::StrCat("through the proxy http://127.0.0.1:", proxy.port())),
                                    Not(HasSubstr("s3cret")))));
  EXPECT_EQ(GetCallError(reply.status()).reason, kGatewayUnreachable);
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

std::shared_ptr<grpc::ServerCredentials> ServerTls(const KeyPairFiles& identity, const std::string& ca_file,
                                                   grpc_ssl_client_certificate_request_type demand) {
  const auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  grpc::SslServerCredentialsOptions options(demand);
  options.pem_root_certs = read(ca_file);
  options.pem_key_cert_pairs = {{read(identity.key), read(identity.certificate)}};
  return grpc::SslServerCredentials(options);
}

TEST(ClientTlsTest, AGatewayOfATrustedAuthorityIsCalled) {
  TempDir dir;
  CertificateAuthority authority(&dir);
  FakeGateway gateway(
      ServerTls(authority.Issue("gateway"), authority.ca_file(), GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE));
  const auto client = Connect({.target = gateway.target(), .tls = TlsFiles{.ca = authority.ca_file()}});

  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());
}

TEST(ClientTlsTest, AGatewayOfAnotherAuthorityGetsNoRequest) {
  TempDir dir;
  TempDir other_dir;
  CertificateAuthority authority(&dir);
  CertificateAuthority other(&other_dir);
  FakeGateway gateway(
      ServerTls(authority.Issue("gateway"), authority.ca_file(), GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE));
  const auto client = Connect({.target = gateway.target(), .tls = TlsFiles{.ca = other.ca_file()}});

  const auto reply = client->CreateVspInteraction({});

  ASSERT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kNotApplied);
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

TEST(ClientTlsTest, TheClientShowsItsCertificate) {
  TempDir dir;
  CertificateAuthority authority(&dir);
  const KeyPairFiles identity = authority.Issue("client");
  FakeGateway gateway(ServerTls(authority.Issue("gateway"), authority.ca_file(),
                                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY));
  const auto client =
      Connect({.target = gateway.target(),
               .tls = TlsFiles{.ca = authority.ca_file(), .certificate = identity.certificate, .key = identity.key}});

  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());
}

TEST(ClientCredentialTest, ATokenIsReadAnewForEachCall) {
  TempDir dir;
  FakeGateway gateway;
  const std::string file = dir.Write("token", "first\n");
  const auto client = Connect({.target = gateway.target(), .token_file = file});
  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());
  dir.Write("token", "second");
  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());
  ASSERT_THAT(gateway.calls(), SizeIs(2));
  EXPECT_THAT(gateway.calls()[0].metadata, Contains(Pair("authorization", "Bearer first")));
  EXPECT_THAT(gateway.calls()[1].metadata, Contains(Pair("authorization", "Bearer second")));
  dir.Write("token", "");
  const auto reply = client->CreateVspInteraction({});
  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("does not hold a token alone")));
  EXPECT_EQ(GetCallError(reply.status()).reason, kCredentialUnreadable);
  EXPECT_EQ(GetCallError(reply.status()).outcome, CallError::Outcome::kNotApplied);
  EXPECT_THAT(gateway.calls(), SizeIs(2));
}

TEST(ClientCredentialTest, AnApiKeyIsSent) {
  TempDir dir;
  FakeGateway gateway;
  const auto client = Connect({.target = gateway.target(), .api_key_file = dir.Write("key", "the-key\r\n")});
  EXPECT_THAT(client->CreateVspInteraction({}), ::interaction::testing::IsOk());
  EXPECT_THAT(gateway.calls()[0].metadata, Contains(Pair("x-api-key", "the-key")));
}

TEST(ClientCredentialTest, NoCredentialGoesToAnotherMachineInClear) {
  TempDir dir;
  const std::string file = dir.Write("token", "secret");
  for (const char* target :
       {"gateway:50051", "dns:///gateway:50051", "192.0.2.1:50051", "ipv4:127.0.0.1:1,192.0.2.1:1"}) {
    EXPECT_THAT(Client::Connect({.target = target, .token_file = file}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without TLS")))
        << target;
  }
  for (const char* target : {"localhost:1", "127.0.0.1:1", "[::1]:1", "unix:/run/gateway.sock", "dns:///localhost:1"}) {
    EXPECT_THAT(Client::Connect({.target = target, .token_file = file}).status(), ::interaction::testing::IsOk())
        << target;
  }
  EXPECT_THAT(Client::Connect({.target = "gateway:50051", .tls = TlsFiles{}, .token_file = file}).status(),
              ::interaction::testing::IsOk());
}

TEST(ClientCredentialTest, TwoCredentialsAreOneTooMany) {
  TempDir dir;
  const std::string file = dir.Write("token", "secret");
  EXPECT_THAT(Client::Connect({.token_file = file, .api_key_file = file}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cannot be used together")));
  EXPECT_THAT(Client::Connect({.token_file = dir.File("none")}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("No such file")));
}

TEST(ClientConnectTest, ATargetIsNeeded) {
  EXPECT_THAT(Client::Connect({.target = ""}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no address")));
}

TEST(ClientConnectTest, ATargetThatGrpcWouldReadAsAnotherIsRefused) {
  EXPECT_THAT(Client::Connect({.target = "gateway:99999"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from 1 to 65535")));
}

TEST(ClientConnectTest, AMissingFileIsNamed) {
  EXPECT_THAT(Client::Connect({.tls = TlsFiles{.ca = "/nonexistent/ca.pem"}}),
              StatusIs(absl::StatusCode::kNotFound, "cannot read /nonexistent/ca.pem: No such file or directory"));
}

TEST(ClientConnectTest, AFolderIsNoFile) {
  TempDir dir;
  EXPECT_THAT(Client::Connect({.tls = TlsFiles{.ca = dir.path()}}),
              StatusIs(absl::StatusCode::kNotFound, absl::StrCat("cannot read ", dir.path(), ": Is a directory")));
}

// A file of each kind that a client cannot use, beside a certificate and a key that it can.
class WrongPemTest : public ::testing::Test {
 protected:
  WrongPemTest() : authority_(&dir_), identity_(authority_.Issue("client")) {}

  absl::Status Connect(const TlsFiles& files) { return Client::Connect({.tls = files}).status(); }

  std::string Read(const std::string& path) const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir dir_;
  CertificateAuthority authority_;
  const KeyPairFiles identity_;
};

TEST_F(WrongPemTest, AnAuthorityThatIsNotPemIsRefused) {
  EXPECT_THAT(Connect({.ca = dir_.Write("ca.txt", "trust me")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ca.txt does not contain PEM certificates")));
}

TEST_F(WrongPemTest, AnAuthorityThatBreaksOffIsRefused) {
  const std::string pem = Read(authority_.ca_file());
  EXPECT_THAT(Connect({.ca = dir_.Write("cut.pem", pem + pem.substr(0, pem.size() / 2))}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cut.pem does not contain PEM certificates")));
}

TEST_F(WrongPemTest, AKeyIsNoCertificate) {
  EXPECT_THAT(Connect({.certificate = identity_.key, .key = identity_.key}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("client.key does not contain PEM certificates")));
}

TEST_F(WrongPemTest, ACertificateIsNoKey) {
  EXPECT_THAT(Connect({.certificate = identity_.certificate, .key = identity_.certificate}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("client.pem does not contain a PEM private key")));
}

TEST_F(WrongPemTest, TheKeyOfAnotherCertificateIsRefused) {
  const KeyPairFiles other = authority_.Issue("other");
  EXPECT_THAT(Connect({.certificate = identity_.certificate, .key = other.key}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("other.key is not the key of the certificate")));
}

TEST(ClientConnectTest, AFileWithoutContentIsRefused) {
  TempDir dir;
  EXPECT_THAT(Client::Connect({.tls = TlsFiles{.ca = dir.Write("ca.pem", "")}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ca.pem is empty")));
}

TEST(ClientConnectTest, ACertificateWithoutItsKeyIsRefused) {
  EXPECT_THAT(Client::Connect({.tls = TlsFiles{.certificate = "client.pem"}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be given together")));
}

// Health.

TEST(ClientHealthTest, TellsWhatTheGatewaySays) {
  FakeGateway gateway;
  gateway.SetHealth("", grpc::health::v1::HealthCheckResponse::SERVING);
  gateway.SetHealth("upstream.seethepro", grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  gateway.SetHealth("odd", grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN);
  const auto client = ConnectTo(gateway.target());

  EXPECT_THAT(client->CheckHealth(""), IsOkAndHolds(ServingStatus::kServing));
  EXPECT_THAT(client->CheckHealth("upstream.seethepro"), IsOkAndHolds(ServingStatus::kNotServing));
  EXPECT_THAT(client->CheckHealth("odd"), IsOkAndHolds(ServingStatus::kUnknown));
}

TEST(ClientHealthTest, AServiceThatTheGatewayDoesNotKnowIsNotFound) {
  FakeGateway gateway;

  EXPECT_THAT(ConnectTo(gateway.target())->CheckHealth("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace interaction
