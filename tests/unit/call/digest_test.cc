#include "server/call/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace interaction::call {
namespace {

std::string Hex(const Digest& digest) { return absl::BytesToHexString(BytesOf(digest)); }

TEST(DigestTest, IsSha256) {  // FIPS 180-2, appendix B.1
  EXPECT_EQ(Hex(Sha256({"abc"})), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, OfPartsIsThatOfTheWhole) {
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256({"abc"}));
  EXPECT_NE(Sha256({"ab"}), Sha256({"abc"}));
}

TEST(KeyedDigestTest, IsAnotherOneForAnotherKeyOrText) {
  const KeyedDigest digest(Secret(std::string(32, 'k')));
  EXPECT_EQ(digest("text"), KeyedDigest(Secret(std::string(32, 'k')))("text"));
  EXPECT_NE(digest("text"), digest("texts"));
  EXPECT_NE(digest("text"), KeyedDigest(Secret(std::string(33, 'k')))("text"));
  EXPECT_NE(digest("text"), Sha256({"text"}));
}

}  // namespace
}  // namespace interaction::call
