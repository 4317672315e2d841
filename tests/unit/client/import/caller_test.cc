#include "client/cli/import/caller.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Token(absl::string_view claims, absl::string_view signature) {
  return absl::StrCat(absl::WebSafeBase64Escape("{}"), ".", absl::WebSafeBase64Escape(claims), ".", signature, "\n");
}

TEST(CallerOfTest, NobodyIsNamedWithoutACredential) { EXPECT_THAT(CallerOf({}), IsOkAndHolds("without a credential")); }

TEST(CallerOfTest, ATokenIsItsSubjectSoThatANewerOneIsTheSameCaller) {
  const TempDir folder;
  const GlobalOptions old{.token_file =
                              folder.Write("old", Token(R"({"sub":"billing","iss":"https://i/","exp":1})", "a"))};
  const GlobalOptions renewed{.token_file =
                                  folder.Write("new", Token(R"({"sub":"billing","iss":"https://i/","exp":2})", "b"))};
  EXPECT_THAT(CallerOf(old), IsOkAndHolds("token of billing at https://i/"));
  EXPECT_EQ(*CallerOf(old), *CallerOf(renewed));
}

TEST(CallerOfTest, SecretsAreToldApartAndNotShown) {
  const TempDir folder;
  const GlobalOptions one{.api_key_file = folder.Write("one", "secret-one\n")};
  const GlobalOptions two{.api_key_file = folder.Write("two", "secret-two\n")};
  EXPECT_THAT(CallerOf(one), IsOkAndHolds(StartsWith("API key ")));
  EXPECT_THAT(CallerOf(one), IsOkAndHolds(Not(HasSubstr("secret"))));
  EXPECT_NE(*CallerOf(one), *CallerOf(two));
  const GlobalOptions metadata{.metadata = {{"x-api-key", "secret"}, {"x-request-id", "7"}}};
  EXPECT_THAT(CallerOf(metadata), IsOkAndHolds(Not(HasSubstr("secret"))));
}

TEST(CallerOfTest, AFileThatIsNotThereIsAnError) {
  EXPECT_THAT(CallerOf({.token_file = "/nonexistent"}), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace interaction::cli::import
