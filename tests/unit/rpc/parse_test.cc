#include "server/rpc/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "interaction/v1/interaction_service.pb.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::rpc {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;

grpc::ByteBuffer Buffer(const std::vector<std::string>& pieces) {
  std::vector<grpc::Slice> slices;
  for (const std::string& piece : pieces) slices.emplace_back(piece);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

TEST(ParseRequestTest, ReadsAMessageInOnePieceOrMany) {
  v1::AddWolkvoxInteractionRequest request, parsed;
  request.set_body("Ñandú \xF0\x9F\x98\x80\n\x01");
  request.set_sender("someone");
  const std::string bytes = request.SerializeAsString();
  EXPECT_THAT(ParseRequest(Buffer({bytes}), &parsed), IsOk());
  EXPECT_THAT(parsed, EqualsProto(request));
  EXPECT_THAT(ParseRequest(Buffer({bytes.substr(0, 3), bytes.substr(3, 4), bytes.substr(7)}), &parsed), IsOk());
  EXPECT_THAT(parsed, EqualsProto(request));
}

TEST(ParseRequestTest, ReadsNoBytesAsTheEmptyMessage) {
  v1::AddWolkvoxInteractionRequest parsed;
  EXPECT_THAT(ParseRequest(Buffer({}), &parsed), IsOk());
  EXPECT_THAT(ParseRequest(Buffer({""}), &parsed), IsOk());
}

TEST(ParseRequestTest, RefusesWhatIsNoMessage) {
  v1::AddWolkvoxInteractionRequest parsed;
  EXPECT_THAT(ParseRequest(Buffer({"\xff\xff\xff garbage"}), &parsed), HasReason(Reason::kMalformedRequest));
}

TEST(ParseRequestTest, RefusesATruncatedMessage) {
  v1::AddWolkvoxInteractionRequest request, parsed;
  request.set_body("a body");
  const std::string bytes = request.SerializeAsString();
  EXPECT_THAT(ParseRequest(Buffer({bytes.substr(0, bytes.size() - 1)}), &parsed), HasReason(Reason::kMalformedRequest));
}

TEST(ParseRequestTest, RefusesAStringThatIsNotUtf8) {
  v1::AddWolkvoxInteractionRequest parsed;
  EXPECT_THAT(ParseRequest(Buffer({std::string("\x32\x02\xc3\x28")}), &parsed), HasReason(Reason::kMalformedRequest));
}

TEST(ParseRequestTest, PassesOverFieldsItDoesNotKnow) {
  v1::AddWolkvoxInteractionRequest parsed;
  EXPECT_THAT(ParseRequest(Buffer({std::string("\xf8\x01\x05")}), &parsed), IsOk());
}

}  // namespace
}  // namespace interaction::rpc
