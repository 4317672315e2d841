#include "server/app/try_it_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "interaction/v1/interaction_service.pb.h"
#include "server/base/errors.h"
#include "server/rpc/status.h"
#include "tests/support/matchers.h"

namespace interaction::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;
using Json = nlohmann::json;

TEST(TryItJsonTest, TheFormHasEachFieldWithItsRuleAndKnowsTheSecrets) {
  const Json form = Json::parse(MethodsJson());
  EXPECT_EQ(form["service"], "interaction.v1.InteractionService");
  std::vector<std::string> methods;
  std::set<std::string> secrets, required, optional;
  for (const Json& method : form["methods"]) {
    methods.push_back(method["name"]);
    EXPECT_NE(method["comment"], "");
    for (const Json& field : method["fields"]) {
      EXPECT_EQ(field["type"], "string");
      EXPECT_NE(field["comment"], "") << field["name"];
      if (field["secret"]) secrets.insert(field["name"]);
      if (field["required"]) required.insert(field["name"]);
      if (field["optional"]) optional.insert(field["name"]);
    }
  }
  EXPECT_THAT(methods, ElementsAre("CreateVspInteraction", "AddWolkvoxInteraction"));
  EXPECT_THAT(secrets, ElementsAre("app_access_key", "wolkvox_token"));
  EXPECT_THAT(required, ElementsAre("account_id", "contact_id", "interaction_identity", "interaction_name", "recipient",
                                    "routing_point_id", "sender"));
  EXPECT_THAT(optional, ElementsAre("group_key", "tenant_key"));
}

TEST(TryItJsonTest, ARequestIsReadFromJson) {
  const auto bytes = RequestFromJson("AddWolkvoxInteraction", R"({"sender": "+57", "routing_point_id": "4711"})");
  ASSERT_THAT(bytes, testing::IsOk());
  v1::AddWolkvoxInteractionRequest request;
  ASSERT_TRUE(request.ParseFromString(*bytes));
  EXPECT_EQ(request.sender(), "+57");
  EXPECT_EQ(request.routing_point_id(), "4711");
}

TEST(TryItJsonTest, WhatIsNoRequestIsRefusedWithTheReason) {
  EXPECT_THAT(RequestFromJson("AddWolkvoxInteraction", R"({"sende": "+57"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sende")));
  EXPECT_THAT(RequestFromJson("AddWolkvoxInteraction", "{"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(RequestFromJson("Drop", "{}"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("Drop")));
}

TEST(TryItJsonTest, AReplyHasTheNamesOfTheProto) {
  v1::CreateVspInteractionResponse reply;
  reply.set_interaction_id("4711");
  const Json json =
      Json::parse(EndingJson("CreateVspInteraction", {.reply = reply.SerializeAsString()}, absl::Seconds(1)));
  EXPECT_EQ(json, Json::parse(R"({"state": "done", "code": "OK", "durationMs": 1000.0,
                                  "reply": {"interaction_id": "4711"}, "trailers": {}})"));
}

TEST(TryItJsonTest, AnErrorIsShownWithAllItsDetails) {
  const absl::Status error =
      Error(Reason::kInvalidRequest).In(Phase::kValidate).WithFieldViolation("sender", "required");
  const Json json = Json::parse(EndingJson(
      "AddWolkvoxInteraction",
      {.status = rpc::ToRpcStatus(error, "wolkvox", ""), .trailers = {{rpc::kPushbackKey, rpc::kPushbackNever}}},
      absl::Milliseconds(1)));
  EXPECT_EQ(json["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["message"], std::string(Describe(Reason::kInvalidRequest).message));
  EXPECT_EQ(json["trailers"]["grpc-retry-pushback-ms"], "-1");
  ASSERT_EQ(json["details"].size(), 2u);
  EXPECT_EQ(json["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(json["details"][0]["reason"], "INVALID_REQUEST");
  EXPECT_EQ(json["details"][1]["@type"], "type.googleapis.com/google.rpc.BadRequest");
  EXPECT_EQ(json["details"][1]["field_violations"][0]["field"], "sender");
}

}  // namespace
}  // namespace interaction::app
