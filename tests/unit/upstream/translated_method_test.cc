#include "server/upstream/translated_method.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "interaction/v1/interaction_service.pb.h"
#include "server/upstream/wolkvox/translator.h"
#include "tests/support/matchers.h"

namespace interaction::upstream {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::HasSubstr;

v1::AddWolkvoxInteractionRequest Valid() {
  v1::AddWolkvoxInteractionRequest request;
  request.set_sender("sender");
  request.set_recipient("recipient");
  request.set_routing_point_id("4711");
  request.set_wolkvox_server("0042");
  request.set_wolkvox_token("token");
  request.set_request_id("6925EBD4-125D-4338-A736-99F4B5BCB3D7");
  return request;
}

class TranslatedMethodTest : public ::testing::Test {
 protected:
  Preparation Prepare(const std::string& message) const { return method_->Prepare(message); }

  const std::unique_ptr<const Method> method_ =
      MakeMethod(*wolkvox::Translator::Create({.base_url = "https://wv{server}.wolkvox.com/"}));
};

TEST_F(TranslatedMethodTest, PreparesAValidRequest) {
  const Preparation prepared = Prepare(Valid().SerializeAsString());
  ASSERT_THAT(prepared.request, IsOk());
  EXPECT_EQ(prepared.request_id, "6925ebd4-125d-4338-a736-99f4b5bcb3d7") << "in canonical form";
  const PreparedRequest& request = **prepared.request;
  EXPECT_EQ(request.credential().secret.Reveal(), "token");
  EXPECT_EQ(request.credential().owner, CredentialOwner::kCaller);
  const auto encoded = request.Encode();
  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(encoded->body, HasSubstr("4711"));
}

TEST_F(TranslatedMethodTest, ReadsAnAnswerAsReplyOrError) {
  const Preparation prepared = Prepare(Valid().SerializeAsString());
  const auto reply =
      (*prepared.request)->Decode({.status = 200, .body = R"({"code":"201","error":null,"msg":"ok"})"}, absl::Now());
  ASSERT_THAT(reply, IsOk());
  v1::AddWolkvoxInteractionResponse message;
  ASSERT_TRUE(message.ParseFromString(reply->message));
  EXPECT_EQ(message.code(), 201);
  EXPECT_THAT((*prepared.request)->Decode({.status = 200, .body = "<html>"}, absl::Now()),
              HasReason(Reason::kUpstreamMalformedResponse));
}

TEST_F(TranslatedMethodTest, RefusesARequestThatBreaksARuleWithItsRequestIdAsItWasWritten) {
  auto request = Valid();
  request.clear_sender();
  request.set_request_id("no uuid");
  const Preparation prepared = Prepare(request.SerializeAsString());
  EXPECT_THAT(prepared.request, HasReason(Reason::kInvalidRequest));
  EXPECT_EQ(prepared.request_id, "no uuid");
}

TEST_F(TranslatedMethodTest, TakesNoBytesForTheEmptyMessage) {
  EXPECT_THAT(Prepare("").request, HasReason(Reason::kInvalidRequest));
}

TEST_F(TranslatedMethodTest, PassesOverFieldsItDoesNotKnow) {
  EXPECT_THAT(Prepare(Valid().SerializeAsString() + "\xf8\x01\x05").request, IsOk());
}

TEST_F(TranslatedMethodTest, RefusesWhatIsNoMessage) {
  const std::string valid = Valid().SerializeAsString();
  EXPECT_THAT(Prepare("\xff\xff\xff garbage").request, HasReason(Reason::kMalformedRequest));
  EXPECT_THAT(Prepare(valid.substr(0, valid.size() - 1)).request, HasReason(Reason::kMalformedRequest));
  EXPECT_THAT(Prepare("\x32\x02\xc3\x28").request, HasReason(Reason::kMalformedRequest)) << "not UTF-8";
}

}  // namespace
}  // namespace interaction::upstream
