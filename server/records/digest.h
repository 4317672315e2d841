#pragma once

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "absl/strings/string_view.h"
#include "server/base/secret.h"

namespace interaction::records {

// The 32 bytes of a SHA-256.
using Digest = std::array<char, 32>;

// The bits of a digest are uniformly distributed, so any part of it serves as a hash.
struct DigestHash {
  size_t operator()(const Digest& digest) const {
    size_t hash;
    memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

inline absl::string_view BytesOf(const Digest& digest) { return {digest.data(), digest.size()}; }

// SHA-256 of the parts, one after the other.
Digest Sha256(std::initializer_list<absl::string_view> parts);

// HMAC-SHA-256 (RFC 2104) with one key: a digest that reveals nothing about the text without the key. A plain hash
// would not protect a text that can be guessed, such as a telephone number. Thread-safe.
class KeyedDigest {
 public:
  // `key` has at least 32 bytes; one of more than 64 is hashed first, as the RFC says.
  explicit KeyedDigest(const Secret& key);

  Digest operator()(absl::string_view text) const;

 private:
  struct FreeContext {
    void operator()(EVP_MD_CTX* context) const;
  };
  using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

  Context inner_;  // has hashed the padded key already
  Context outer_;
};

}  // namespace interaction::records
