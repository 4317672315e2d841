#include "server/base/hex.h"

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction {
namespace {

TEST(HexTest, DigitsOfAnIdBecomeItsBytes) {
  std::string bytes(16, '\0');

  HexToBytes("00f067aa0ba902b7f10e2d3c4b5a6978", bytes.data());

  EXPECT_EQ(absl::BytesToHexString(bytes), "00f067aa0ba902b7f10e2d3c4b5a6978");
}

TEST(HexTest, EveryDigitIsReadAndWritten) {
  EXPECT_EQ(HexToNumber("0123456789abcdef"), 0x0123456789abcdefu);
  std::string digits(16, '-');

  WriteHex(0xfedcba9876543210, digits.data());

  EXPECT_EQ(digits, "fedcba9876543210");
}

TEST(HexTest, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = random();
    std::string digits(16, '-');
    WriteHex(number, digits.data());
    ASSERT_EQ(HexToNumber(digits), number) << digits;
  }
}

TEST(HexTest, DigitsOfAnotherLengthAreNoNumber) { EXPECT_EQ(HexToNumber("abc"), 0u); }

}  // namespace
}  // namespace interaction
