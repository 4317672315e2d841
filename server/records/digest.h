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

// 32 bytes of SHA-256.
using Digest = std::array<char, 32>;

// A digest is as good as random, so any part of it is a hash.
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

// HMAC-SHA-256 (RFC 2104) with one key: a digest that says nothing about the text to whoever does not have the key. A
// plain hash would not do for what can be guessed, such as a telephone number. Thread-safe.
class KeyedDigest {
 public:
  // `key`: from 32 bytes; a longer one than 64 is hashed, as the RFC wants it.
  explicit KeyedDigest(const Secret& key);

  Digest operator()(absl::string_view text) const;

 private:
  struct FreeContext {
    void operator()(EVP_MD_CTX* context) const;
  };
  using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

  Context inner_;  // with the padded key in it already
  Context outer_;
};

}  // namespace interaction::records
