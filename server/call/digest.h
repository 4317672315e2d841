#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/base/secret.h"

namespace interaction::call {

// SHA-256 of `text`: 32 bytes.
std::string Sha256(absl::string_view text);

// HMAC-SHA-256 (RFC 2104) with one key: 32 bytes that say nothing about the text to whoever does not have the key. A
// plain hash would not do for what can be guessed, such as a telephone number. Thread-safe.
class KeyedDigest {
 public:
  // `key`: from 32 bytes; a longer one is hashed, as the RFC wants it.
  explicit KeyedDigest(const Secret& key);

  std::string operator()(absl::string_view text) const;

 private:
  std::string inner_key_;
  std::string outer_key_;
};

}  // namespace interaction::call
