// Calls with a request_id, as their callers and the upstream see them, with the records in memory.
#include <grpcpp/create_channel.h>

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;

constexpr char kWholeReply[] = R"({"InteractionId":"42","CampaignKey":null,"InteractionURL":"https://x.test/"})";
constexpr char kId[] = "7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e";
constexpr char kOtherId[] = "0f9e8d7c-6b5a-4c3d-9e8f-7a6b5c4d3e2f";

v1::CreateVspInteractionRequest VspWith(const std::string& request_id) {
  auto request = TestGateway::ValidVsp();
  request.set_request_id(request_id);
  return request;
}

CallSetup Within(absl::Duration time) {
  return [time](grpc::ClientContext& context) { context.set_deadline(absl::ToChronoTime(absl::Now() + time)); };
}

CallSetup WithKey(const std::string& key) {
  return [key](grpc::ClientContext& context) { context.AddMetadata("idempotency-key", key); };
}

TEST(IdempotencyTest, ARepeatedCallIsAnsweredWithoutAnotherPost) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  const VspAnswer first = gateway.CreateVsp(VspWith(kId));
  EXPECT_THAT(first, Succeeds());
  EXPECT_FALSE(first.replayed);
  const VspAnswer second = gateway.CreateVsp(VspWith(kId));
  EXPECT_THAT(second, IsReplayed());
  EXPECT_EQ(second.reply.SerializeAsString(), first.reply.SerializeAsString());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, AnotherRequestIdIsAnotherInteraction) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), Succeeds());
  EXPECT_FALSE(gateway.CreateVsp(VspWith(kOtherId)).replayed);
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST(IdempotencyTest, TheMetadataIdempotencyKeyIsTheSameAsTheField) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(WithKey(kId)), Succeeds());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsReplayed());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId), WithKey("7B8C4D3E-91D2-4A0B-8C5E-2F1A6B7C8D9E")), IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, AFieldAndAMetadataThatDifferAreRefused) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  for (const char* key : {kOtherId, "x", "00000000-0000-0000-0000-000000000000"}) {
    const VspAnswer answer = gateway.CreateVsp(VspWith(kId), WithKey(key));
    EXPECT_THAT(answer, IsError(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied")) << key;
    EXPECT_THAT(answer, NamesFields(std::vector<std::string>{"request_id"})) << key;
  }
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST(IdempotencyTest, TheSameIdForAnotherRequestIsRefused) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), Succeeds());
  auto other = VspWith(kId);
  other.set_interaction_name("something else");
  EXPECT_THAT(gateway.CreateVsp(other), IsError(StatusCode::FAILED_PRECONDITION, "REQUEST_ID_REUSED", "not_applied"));
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, AnotherSpellingOfAGuidIsTheSameRequest) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  auto request = VspWith(kId);
  request.set_account_id("6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  EXPECT_THAT(gateway.CreateVsp(request), Succeeds());
  request.set_account_id("{6925EBD4-125D-4338-A736-99F4B5BCB3D7}");
  EXPECT_THAT(gateway.CreateVsp(request), IsReplayed());
}

TEST(IdempotencyTest, TheIdBelongsToItsMethod) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    const bool wolkvox = request.target.find("add_interaction") != std::string::npos;
    return {RespondJson(200, wolkvox ? R"({"code":"201","error":null,"msg":"OK"})" : kWholeReply)};
  });
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidWolkvox();
  request.set_request_id(kId);
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), Succeeds());
  EXPECT_FALSE(gateway.AddWolkvox(request).replayed);
  EXPECT_EQ(upstream.counts().requests, 2u);
}

// Nobody reads another's answer: callers with credentials of their own have records of their own.
TEST(IdempotencyTest, TheIdBelongsToItsCaller) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  auto request = VspWith(kId);
  request.set_app_access_key("key-of-one");
  EXPECT_THAT(gateway.CreateVsp(request), Succeeds());
  request.set_app_access_key("key-of-another");
  EXPECT_FALSE(gateway.CreateVsp(request).replayed);
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST(IdempotencyTest, AHundredCallsAtOnceAreOnePost) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  std::vector<VspAnswer> answers(100);
  std::vector<std::thread> callers;
  for (VspAnswer& each : answers) callers.emplace_back([&] { each = gateway.CreateVsp(VspWith(kId)); });
  EXPECT_TRUE(Eventually([&] { return gateway.app().calls_in_flight() == 100; }));
  answer.Notify();
  for (std::thread& caller : callers) caller.join();
  int replayed = 0;
  for (const VspAnswer& each : answers) {
    EXPECT_THAT(each, Succeeds());
    replayed += each.replayed;
  }
  EXPECT_EQ(replayed, 99);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, WhatSurelyOpenedNothingMayBeTriedAgain) {
  RawUpstream upstream(InOrder({{RespondJson(400, "{}")}, {RespondJson(200, kWholeReply)}}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)),
              IsError(StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"));
  const VspAnswer second = gateway.CreateVsp(VspWith(kId));
  EXPECT_THAT(second, Succeeds());
  EXPECT_FALSE(second.replayed);
}

TEST(IdempotencyTest, WhatMayHaveOpenedSomethingIsNeverSentAgain) {
  RawUpstream upstream(InOrder({{RespondJson(500, "{}")}, {RespondJson(200, kWholeReply)}}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsError(StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"));
  for (int i = 0; i < 3; ++i) {
    const VspAnswer again = gateway.CreateVsp(VspWith(kId));
    EXPECT_THAT(again, IsError(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "unknown"));
    EXPECT_EQ(again.metadata.count("firstAttemptTime"), 1u);
    EXPECT_EQ(again.metadata.at("requestId"), kId);
  }
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// The caller gave up, the upstream did not: the second call finds the answer.
TEST(IdempotencyTest, AnAnswerThatComesAfterTheCallersDeadlineIsReplayed) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId), Within(absl::Milliseconds(300))),
              IsError(StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  answer.Notify();
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// ... also when it waits for the work that the first call has left.
TEST(IdempotencyTest, ACallJoinsTheFlightThatItsFirstCallerHasLeft) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId), Within(absl::Milliseconds(300))),
              IsError(StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  VspAnswer second;
  std::thread caller([&] { second = gateway.CreateVsp(VspWith(kId)); });
  EXPECT_TRUE(Eventually([&] { return gateway.app().calls_in_flight() == 2; }));  // the work and the second call
  answer.Notify();
  caller.join();
  EXPECT_THAT(second, IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, AnUpstreamThatNeverAnswersLeavesTheOutcomeUnknown) {
  RawUpstream upstream(Always({Hang()}));
  const TestGateway gateway(upstream.url(),
                            [](config::Config& config) { config.calls.late_answer_time = absl::Milliseconds(100); });
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId), Within(absl::Milliseconds(300))),
              IsError(StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  EXPECT_TRUE(Eventually([&] { return gateway.app().calls_in_flight() == 0; }));
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsError(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "unknown"));
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, WithoutAStoreARequestIdIsRefused) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url(),
                            [](config::Config& config) { config.idempotency.store = config::RecordStore::kNone; });
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)),
              IsError(StatusCode::UNIMPLEMENTED, "REQUEST_ID_UNSUPPORTED", "not_applied"));
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IdempotencyTest, AGatewayThatRequiresARequestIdSaysSo) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.idempotency.require = true; });
  const VspAnswer answer = gateway.CreateVsp();
  EXPECT_THAT(answer, IsError(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied"));
  EXPECT_THAT(answer, NamesFields(std::vector<std::string>{"request_id"}));
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), Succeeds());
}

TEST(IdempotencyTest, AFullStoreRefusesNewIdsAndKeepsItsPromises) {
  RawUpstream upstream(Always({RespondJson(200, kWholeReply)}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.idempotency.max_records = 1; });
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), Succeeds());
  EXPECT_THAT(gateway.CreateVsp(VspWith(kOtherId)),
              IsError(StatusCode::RESOURCE_EXHAUSTED, "IDEMPOTENCY_STORE_FULL", "not_applied"));
  EXPECT_THAT(gateway.CreateVsp(VspWith(kId)), IsReplayed());
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

}  // namespace
}  // namespace interaction::testing
