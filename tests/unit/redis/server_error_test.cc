#include "server/redis/server_error.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Case {
  const char* name;
  const char* text;
  absl::StatusCode code;
  const char* word;
};

class ServerErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(ServerErrorTest, KeepsTheLeadingWordAndItsCode) {
  const absl::Status status = ServerError(GetParam().text);
  EXPECT_THAT(status, StatusIs(GetParam().code, StartsWith(std::string(GetParam().word) + ":")));
  EXPECT_TRUE(HasWord(status, GetParam().word));
}

TEST_P(ServerErrorTest, KeepsNothingElse) {
  EXPECT_THAT(std::string(ServerError(GetParam().text).message()), Not(HasSubstr("s3cret")));
}

INSTANTIATE_TEST_SUITE_P(
    , ServerErrorTest,
    ::testing::Values(
        Case{"UnknownScript", "NOSCRIPT No matching script.", absl::StatusCode::kNotFound, "NOSCRIPT"},
        Case{"WrongType", "WRONGTYPE Operation against a key", absl::StatusCode::kFailedPrecondition, "WRONGTYPE"},
        Case{"NoMemory", "OOM command not allowed", absl::StatusCode::kResourceExhausted, "OOM"},
        Case{"NoPassword", "NOAUTH Authentication required.", absl::StatusCode::kUnauthenticated, "NOAUTH"},
        Case{"WrongPassword", "WRONGPASS invalid", absl::StatusCode::kUnauthenticated, "WRONGPASS"},
        Case{"Forbidden", "NOPERM this user has no permissions", absl::StatusCode::kPermissionDenied, "NOPERM"},
        Case{"ForbiddenInAScript", "ERR The user executing the script can't run this command: s3cret",
             absl::StatusCode::kPermissionDenied, "NOPERM"},
        Case{"ForbiddenInAScriptOfRedis72", "ERR ACL failure in script: User s3cret has no permissions",
             absl::StatusCode::kPermissionDenied, "NOPERM"},
        Case{"NoReplicas", "NOREPLICAS Not enough good replicas", absl::StatusCode::kUnavailable, "NOREPLICAS"},
        Case{"CannotSave", "MISCONF Redis is configured to save", absl::StatusCode::kUnavailable, "MISCONF"},
        Case{"NoMaster", "MASTERDOWN Link with MASTER is down", absl::StatusCode::kUnavailable, "MASTERDOWN"},
        Case{"Replica", "READONLY You can't write", absl::StatusCode::kUnavailable, "READONLY"},
        Case{"Starting", "LOADING Redis is loading", absl::StatusCode::kUnavailable, "LOADING"},
        Case{"Cluster", "MOVED 3999 10.0.0.7:6381", absl::StatusCode::kUnavailable, "MOVED"},
        Case{"EchoedArguments", "ERR unknown command 'AUTH', with args beginning with: 's3cret'",
             absl::StatusCode::kInternal, "ERR"},
        Case{"WordAlone", "NOTBUSY", absl::StatusCode::kInternal, "NOTBUSY"},
        Case{"NoWord", "s3cret is no word of Redis", absl::StatusCode::kInternal, "ERR"},
        Case{"Empty", "", absl::StatusCode::kInternal, "ERR"}),
    [](const auto& test) { return test.param.name; });

TEST(WordOfTest, OnlyAnErrorReplyHasAWord) {
  EXPECT_EQ(WordOf(ServerError("OOM x")), "OOM");
  EXPECT_EQ(WordOf(absl::OkStatus()), "");
  EXPECT_EQ(WordOf(absl::UnavailableError("no connection to Redis")), "");
  EXPECT_EQ(WordOf(absl::UnavailableError("AUTH failed, WRONGPASS: Redis refused the command")), "");
}

TEST(IsRefusalTest, IsAnErrorReplyOrWhatIsSaidOfOne) {
  EXPECT_TRUE(IsRefusal(ServerError("OOM x")));
  EXPECT_TRUE(IsRefusal(absl::UnavailableError("AUTH failed, WRONGPASS: Redis refused the command")));
  EXPECT_FALSE(IsRefusal(absl::OkStatus()));
  EXPECT_FALSE(IsRefusal(absl::UnavailableError("Connection refused")));
}

TEST(HasWordTest, AWordIsNotTakenForItsBeginning) {
  EXPECT_FALSE(HasWord(ServerError("NOSCRIPT x"), "NO"));
  EXPECT_FALSE(HasWord(absl::OkStatus(), "OOM"));
}

}  // namespace
}  // namespace interaction::redis
