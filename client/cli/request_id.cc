#include "client/cli/request_id.h"

#include <cstdint>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"

namespace interaction::cli {

std::string NewRequestId(absl::BitGenRef random) {
  const uint64_t high = absl::Uniform<uint64_t>(random);
  const uint64_t low = absl::Uniform<uint64_t>(random);
  constexpr uint64_t kVersion = 0x4000;
  constexpr uint64_t kVariant = 0x8000;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff, kVersion | (high & 0x0fff),
                         kVariant | (low >> 50), low & 0xffffffffffff);
}

}  // namespace interaction::cli
