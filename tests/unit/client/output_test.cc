#include "client/cli/output.h"

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/details.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::Info;
using ::interaction::testing::RpcStatus;
using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Status StatusWith(const google::rpc::Status& details) {
  absl::Status status(static_cast<absl::StatusCode>(details.code()), details.message());
  status.SetPayload(kStatusPayload, absl::Cord(details.SerializeAsString()));
  return status;
}

TEST(RenderReplyTest, ATableHasALinePerFieldAndADashForAnAbsentOne) {
  v1::CreateVspInteractionResponse reply;
  reply.set_interaction_id("6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  reply.set_campaign_key("");

  EXPECT_EQ(RenderReply(reply, Format::kTable),
            "interaction_id   6925ebd4-125d-4338-a736-99f4b5bcb3d7\n"
            "campaign_key     \n"
            "interaction_url  -\n");
}

TEST(RenderReplyTest, ATableShowsNumbersAndEscapesWhatWouldSteerTheTerminal) {
  v1::AddWolkvoxInteractionResponse reply;
  reply.set_code(201);
  reply.set_message("Añadido\n\x1b[2J\xc2\x9b");

  EXPECT_EQ(RenderReply(reply, Format::kTable),
            "code     201\n"
            "error    -\n"
            "message  Añadido\\x0a\\x1b[2J\\u009b\n");
}

TEST(RenderReplyTest, JsonIsProtobufsMappingWithoutAbsentFields) {
  v1::CreateVspInteractionResponse reply;
  reply.set_interaction_id("i\n");
  reply.set_interaction_url("");

  EXPECT_EQ(RenderReply(reply, Format::kJson), R"({
  "interactionId": "i\n",
  "interactionUrl": ""
}
)");
}

TEST(RenderReplyTest, JsonHasEveryFieldThatCannotBeAbsent) {
  EXPECT_EQ(RenderReply(v1::AddWolkvoxInteractionResponse(), Format::kJson), R"({
  "code": 0,
  "message": ""
}
)");
}

TEST(RenderErrorTest, TellsReasonOutcomeFieldsRetryAndMetadata) {
  google::rpc::ErrorInfo info = Info("INVALID_REQUEST", "not_applied");
  (*info.mutable_metadata())["requestId"] = "7";
  google::rpc::BadRequest bad_request;
  for (const char* field : {"account_id", "contact_id"}) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(field);
    violation->set_description("must be a GUID");
  }
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(7);
  const auto details = RpcStatus(grpc::INVALID_ARGUMENT, "The request breaks 2 rules.", info, bad_request, retry);

  EXPECT_EQ(RenderError(StatusWith(details), Effect::kOpens),
            "error: INVALID_ARGUMENT: The request breaks 2 rules.\n"
            "  reason    INVALID_REQUEST (interaction.v1.InteractionService)\n"
            "  outcome   nothing was opened\n"
            "  field     account_id: must be a GUID\n"
            "  field     contact_id: must be a GUID\n"
            "  retry     not before 7s\n"
            "  metadata\n"
            "    outcome    not_applied\n"
            "    requestId  7\n"
            "  next      correct the fields, then call again\n"
            "  run       interactionctl explain INVALID_REQUEST\n");
}

TEST(RenderErrorTest, AnUnknownOutcomeWarns) {
  const auto details = RpcStatus(grpc::UNKNOWN, "Lost.", Info("UPSTREAM_CONNECTION_LOST", "unknown"));

  EXPECT_EQ(RenderError(StatusWith(details), Effect::kOpens),
            "error: UNKNOWN: Lost.\n"
            "  reason    UPSTREAM_CONNECTION_LOST (interaction.v1.InteractionService)\n"
            "  outcome   may have been opened; it is not known\n"
            "  metadata\n"
            "    outcome  unknown\n"
            "  next      check at the vendor whether it was opened before you call again\n"
            "  run       interactionctl explain UPSTREAM_CONNECTION_LOST\n");
}

TEST(RenderErrorTest, AnUnknownOutcomeWithRequestIdEndsWithTheCallToRepeat) {
  const auto details = RpcStatus(grpc::UNKNOWN, "Lost.", Info("UPSTREAM_CONNECTION_LOST", "unknown"));

  EXPECT_THAT(RenderError(StatusWith(details), Effect::kOpens, "1f0e2d3c"),
              HasSubstr("  next      call again with the same request_id, 1f0e2d3c: it is never sent twice, and the "
                        "answer says what happened\n"));
}

TEST(RenderErrorTest, ShowsWhoseQuotaIsUsedUp) {
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject("uses of the wolkvox token a day");
  quota.mutable_violations(0)->set_description("The daily quota is used up.");
  const auto details =
      RpcStatus(grpc::RESOURCE_EXHAUSTED, "Used up.", Info("UPSTREAM_DAILY_QUOTA", "not_applied"), quota);

  EXPECT_THAT(RenderError(StatusWith(details), Effect::kOpens),
              AllOf(HasSubstr("\n  quota     uses of the wolkvox token a day: The daily quota is used up.\n"),
                    HasSubstr("\n  next      use another token, or call again tomorrow\n")));
}

TEST(RenderErrorTest, ShowsWhatTheOperatorHasToLookAt) {
  google::rpc::PreconditionFailure precondition;
  precondition.add_violations()->set_subject("the gateway's credential for the upstream");
  precondition.mutable_violations(0)->set_description("The upstream rejected the credential.");
  const auto details =
      RpcStatus(grpc::FAILED_PRECONDITION, "No.", Info("UPSTREAM_CREDENTIALS_REJECTED", "not_applied"), precondition);

  EXPECT_THAT(RenderError(StatusWith(details), Effect::kOpens),
              AllOf(HasSubstr("\n  operator  the gateway's credential for the upstream: The upstream rejected the "
                              "credential.\n"),
                    HasSubstr("\n  next      have the gateway's operator correct the gateway's credential\n")));
}

TEST(RenderErrorTest, AnErrorWithoutDetailsWarnsAsWell) {
  EXPECT_EQ(RenderError(absl::UnavailableError("Socket \x1b closed"), Effect::kOpens),
            "error: UNAVAILABLE: Socket \\x1b closed\n"
            "  outcome   may have been opened; it is not known\n"
            "  next      check at the vendor whether it was opened before you call again\n");
}

TEST(RenderErrorTest, ACallThatOpensNothingHasNoOutcome) {
  EXPECT_EQ(RenderError(absl::NotFoundError("unknown service"), Effect::kNone),
            "error: NOT_FOUND: unknown service\n"
            "  next      leave out the name to ask about the gateway as a whole\n");
}

TEST(RenderErrorDataTest, IsTheStatusWithItsDetailsDecoded) {
  const auto details = RpcStatus(grpc::UNKNOWN, "Lost.", Info("UPSTREAM_CONNECTION_LOST", "unknown"));

  EXPECT_EQ(RenderErrorData(StatusWith(details), Format::kJson), R"({
  "code": 2,
  "message": "Lost.",
  "details": [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      "reason": "UPSTREAM_CONNECTION_LOST",
      "domain": "interaction.v1.InteractionService",
      "metadata": {
        "outcome": "unknown"
      }
    }
  ]
}
)");
}

TEST(RenderErrorDataTest, ADetailOfAnUnknownTypeKeepsItsBytes) {
  google::rpc::Status details = RpcStatus(grpc::INTERNAL, "no");
  details.add_details()->set_type_url("type.example.com/mesh.Detail");
  details.mutable_details(0)->set_value("\x08\x01");

  EXPECT_EQ(RenderErrorData(StatusWith(details), Format::kJson), R"({
  "code": 13,
  "message": "no",
  "details": [
    {
      "@type": "type.example.com/mesh.Detail",
      "value": "CAE="
    }
  ]
}
)");
}

TEST(RenderErrorDataTest, AMessageThatIsNotUtf8IsStillJson) {
  EXPECT_EQ(RenderErrorData(absl::UnavailableError("bad \xff"), Format::kJson), R"({
  "code": 14,
  "message": "bad )"
                                                                                "\xef\xbf\xbd"
                                                                                R"(",
  "details": []
}
)");
}

TEST(RenderHealthTest, IsTheStatusAloneForTheGatewayAsAWhole) {
  EXPECT_EQ(RenderHealth({"", ServingStatus::kServing, {}}, Format::kTable), "SERVING\n");
}

TEST(RenderHealthTest, HasALineForEachPart) {
  const Health health = {"", ServingStatus::kServing, {{"upstream.wolkvox", ServingStatus::kNotServing}}};

  EXPECT_EQ(RenderHealth(health, Format::kTable),
            "gateway           SERVING\n"
            "upstream.wolkvox  NOT_SERVING\n");
  EXPECT_EQ(RenderHealth(health, Format::kNdjson),
            R"({"service":"","status":"SERVING","parts":{"upstream.wolkvox":"NOT_SERVING"}})"
            "\n");
}

TEST(RenderHealthTest, NamesTheService) {
  EXPECT_EQ(RenderHealth({"upstream.wolkvox", ServingStatus::kNotServing, {}}, Format::kTable),
            "upstream.wolkvox  NOT_SERVING\n");
  EXPECT_EQ(RenderHealth({"upstream.wolkvox", ServingStatus::kUnknown, {}}, Format::kJson), R"({
  "service": "upstream.wolkvox",
  "status": "UNKNOWN"
}
)");
}

}  // namespace
}  // namespace interaction::cli
