#include "server/call/idempotency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/base/secret.h"

namespace interaction::call {
namespace {

constexpr absl::string_view kId = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";

// With and without a key for fingerprints.
class IdentifyTest : public ::testing::TestWithParam<bool> {
 protected:
  const KeyedDigest digest_{Secret(std::string(32, 'k'))};
  const Idempotency idempotency_{{}, GetParam() ? &digest_ : nullptr, nullptr, nullptr};
};

INSTANTIATE_TEST_SUITE_P(All, IdentifyTest, ::testing::Bool(),
                         [](const auto& keyed) { return keyed.param ? "Keyed" : "Local"; });

TEST_P(IdentifyTest, TheSameCallHasTheSameRecord) {
  const RecordId first = idempotency_.Identify("Create", kId, {"credential", "key"}, "asks");
  const RecordId again = idempotency_.Identify("Create", kId, {"credential", "key"}, "asks");
  EXPECT_EQ(again.key, first.key);
  EXPECT_EQ(again.fingerprint, first.fingerprint);
}

TEST_P(IdentifyTest, MethodRequestIdAndCallerMakeTheKey) {
  const Digest key = idempotency_.Identify("Create", kId, {"credential", "key"}, "asks").key;
  EXPECT_NE(idempotency_.Identify("Add", kId, {"credential", "key"}, "asks").key, key);
  EXPECT_NE(idempotency_.Identify("Create", "another", {"credential", "key"}, "asks").key, key);
  EXPECT_NE(idempotency_.Identify("Create", kId, {"certificate", "key"}, "asks").key, key);
  EXPECT_NE(idempotency_.Identify("Create", kId, {"credential", "another"}, "asks").key, key);
  EXPECT_NE(idempotency_.Identify("Create", kId, {}, "asks").key, key);
}

TEST_P(IdentifyTest, WhatItAsksForMakesTheFingerprintAndNotTheKey) {
  const RecordId one = idempotency_.Identify("Create", kId, {}, "asks");
  const RecordId other = idempotency_.Identify("Create", kId, {}, "asks for more");
  EXPECT_EQ(other.key, one.key);
  EXPECT_NE(other.fingerprint, one.fingerprint);
}

// Another replica with the same key makes the same fingerprint; nobody without it does.
TEST(IdempotencyTest, AKeyedFingerprintIsHmac) {
  const KeyedDigest digest(Secret(std::string(32, 'k')));
  const Idempotency idempotency({}, &digest, nullptr, nullptr);
  EXPECT_EQ(idempotency.Identify("Create", kId, {}, "asks").fingerprint, digest("asks"));
}

}  // namespace
}  // namespace interaction::call
