#include "server/records/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace interaction::records {
namespace {

std::string Hex(const Digest& digest) { return absl::BytesToHexString(BytesOf(digest)); }

TEST(DigestTest, IsSha256) {  // FIPS 180-2, appendix B.1
  EXPECT_EQ(Hex(Sha256({"abc"})), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, OfPartsIsThatOfTheWhole) {
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256({"abc"}));
  EXPECT_NE(Sha256({"ab"}), Sha256({"abc"}));
}

// Short parts are put together, long ones are not: what counts is only what they are in a row.
TEST(DigestTest, OfPartsOfAnyLengthIsThatOfTheWhole) {
  for (const size_t size : {63, 64, 65, 191, 192, 193, 400}) {
    const std::string part(size, 'x');
    const std::string whole = "a" + part + "b" + part + part + "c";
    EXPECT_EQ(Sha256({"a", part, "b", part, part, "c"}), Sha256({whole})) << size;
  }
}

struct Vector {  // RFC 4231, section 4
  std::string key;
  std::string text;
  const char* digest;
};

class KeyedDigestTest : public ::testing::TestWithParam<Vector> {};

INSTANTIATE_TEST_SUITE_P(Rfc4231, KeyedDigestTest,
                         ::testing::Values(Vector{std::string(20, '\x0b'), "Hi There",
                                                  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
                                           Vector{"Jefe", "what do ya want for nothing?",
                                                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
                                           Vector{std::string(131, '\xaa'),
                                                  "Test Using Larger Than Block-Size Key - Hash Key First",
                                                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}));

TEST_P(KeyedDigestTest, IsHmacSha256) {
  const KeyedDigest digest(Secret(GetParam().key));
  EXPECT_EQ(Hex(digest(GetParam().text)), GetParam().digest);
  EXPECT_EQ(Hex(digest(GetParam().text)), GetParam().digest);  // and again
}

}  // namespace
}  // namespace interaction::records
