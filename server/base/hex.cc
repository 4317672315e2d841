#include "server/base/hex.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace interaction {
namespace {

static_assert(std::endian::native == std::endian::little, "the first digit is to be in the lowest byte of a word");

constexpr size_t kDigitsAtOnce = 8;
constexpr size_t kDigitsOfNumber = 16;

// The two digits of each byte, one after the other.
constexpr std::array<char, 512> kPairs = [] {
  constexpr char kSixteen[] = "0123456789abcdef";
  std::array<char, 512> pairs = {};
  for (size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kSixteen[byte >> 4];
    pairs[2 * byte + 1] = kSixteen[byte & 15];
  }
  return pairs;
}();

// Four bytes, the first in the lowest place.
uint32_t FourBytes(const char* digits) {
  uint64_t word;
  memcpy(&word, digits, sizeof word);
  // A digit's low half is its value, less nine for a letter, which has the bit 0x40.
  word = (word & 0x0f0f0f0f0f0f0f0f) + 9 * (word >> 6 & 0x0101010101010101);
  word = (word << 4 | word >> 8) & 0x00ff00ff00ff00ff;
  word = (word | word >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(word | word >> 16);
}

}  // namespace

void HexToBytes(absl::string_view digits, char* bytes) {
  for (size_t i = 0; i + kDigitsAtOnce <= digits.size(); i += kDigitsAtOnce) {
    const uint32_t four = FourBytes(digits.data() + i);
    memcpy(bytes + i / 2, &four, sizeof four);
  }
}

uint64_t HexToNumber(absl::string_view digits) {
  uint64_t number = 0;
  if (digits.size() == kDigitsOfNumber) HexToBytes(digits, reinterpret_cast<char*>(&number));
  return __builtin_bswap64(number);
}

void WriteHex(uint64_t number, char* digits) {
  for (size_t i = 0; i < sizeof number; ++i) {
    memcpy(digits + 2 * i, kPairs.data() + 2 * (number >> (56 - 8 * i) & 0xff), 2);
  }
}

}  // namespace interaction
