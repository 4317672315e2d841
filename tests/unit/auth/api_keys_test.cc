#include "server/auth/api_keys.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::auth {
namespace {

TEST(ApiKeysTest, KnowsAKeyByItsDigest) {
  const ApiKeys keys({{.name = "billing", .sha256 = DigestOfApiKey("old")},
                      {.name = "billing", .sha256 = DigestOfApiKey("new")},
                      {.name = "sales", .sha256 = DigestOfApiKey("other")}});
  EXPECT_EQ(keys.NameOf("old"), "billing");
  EXPECT_EQ(keys.NameOf("new"), "billing");
  EXPECT_EQ(keys.NameOf("other"), "sales");
  EXPECT_EQ(keys.NameOf("unknown"), "");
  EXPECT_EQ(keys.NameOf(""), "");
  EXPECT_EQ(keys.NameOf(DigestOfApiKey("old")), "") << "the file's content lets nobody in";
}

}  // namespace
}  // namespace interaction::auth
