#include "client/cli/import/row_identity.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/v1/interaction_service.pb.h"
#include "rules/guid.h"

namespace interaction::cli::import {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const Method& CreateVsp() { return **FindMethod("create-vsp"); }

v1::CreateVspInteractionRequest Request(const std::string& identity, const std::string& name) {
  v1::CreateVspInteractionRequest request;
  request.set_interaction_identity(identity);
  request.set_interaction_name(name);
  return request;
}

TEST(ContentOfTest, IsThatOfTheBusinessFieldsAndOfTheImport) {
  v1::CreateVspInteractionRequest request = Request("a", "b");
  const std::string content = ContentOf("july", CreateVsp(), request);
  EXPECT_THAT(content, SizeIs(32));
  EXPECT_NE(ContentOf("august", CreateVsp(), request), content);
  EXPECT_NE(ContentOf("july", CreateVsp(), Request("ab", "")), content);
  EXPECT_NE(ContentOf("july", CreateVsp(), Request("b", "a")), content);
  request.set_request_id("x");
  request.set_app_access_key("y");
  EXPECT_EQ(ContentOf("july", CreateVsp(), request), content);
}

// Journals and the gateway's records hold these ids: a change of how they are made would send rows a second time.
TEST(RequestIdForTest, NeverChanges) {
  EXPECT_EQ(RequestIdFor(ContentOf("july", CreateVsp(), Request("a", "b")), 0), "31af64c5-d29a-8234-9faa-454608daa0a8");
  EXPECT_EQ(RequestIdFor(ContentOf("july", CreateVsp(), Request("a", "b")), 1), "a2f9d014-ca78-897a-9f57-6baac8ec9026");
}

TEST(RequestIdForTest, IsAUuidThatTheGatewayTakes) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = RequestIdFor("content", i);
    const auto canonical = CanonicalUuid(id);
    ASSERT_TRUE(canonical.ok()) << id;
    EXPECT_EQ(canonical->text(), id);
    EXPECT_EQ(id[14], '8');
  }
}

TEST(CredentialMarkTest, TellsCredentialsApartAndShowsNothingOfThem) {
  EXPECT_THAT(CredentialMark("salt", ""), IsEmpty());
  EXPECT_NE(CredentialMark("salt", "secret"), CredentialMark("salt", "other"));
  EXPECT_NE(CredentialMark("salt", "secret"), CredentialMark("pepper", "secret"));
  EXPECT_THAT(CredentialMark("salt", "secret"), SizeIs(16));
  EXPECT_NE(NewSalt(), NewSalt());
}

}  // namespace
}  // namespace interaction::cli::import
