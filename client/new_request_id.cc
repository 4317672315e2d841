#include "client/new_request_id.h"

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction {

std::string UuidOf(std::array<unsigned char, 16> bytes, int version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // variant
  const std::string hex =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const absl::string_view digits = hex;
  return absl::StrCat(digits.substr(0, 8), "-", digits.substr(8, 4), "-", digits.substr(12, 4), "-",
                      digits.substr(16, 4), "-", digits.substr(20));
}

std::string NewRequestId() {
  std::array<unsigned char, 16> bytes;
  // Without randomness an id could be another call's, and this call would get that one's answer: rather none.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return "";
  return UuidOf(bytes, /*version=*/4);
}

}  // namespace interaction
