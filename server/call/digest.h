#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>

#include "absl/strings/string_view.h"
#include "server/base/secret.h"

namespace interaction::call {

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

// SHA-256 of a secret key and a text: says nothing about the text to whoever does not have the key. A plain hash would
// not do for what can be guessed, such as a telephone number. It proves nothing about who made it: for that it would
// have to be an HMAC, which costs twice as much. Thread-safe.
class KeyedDigest {
 public:
  // `key`: from 32 bytes.
  explicit KeyedDigest(const Secret& key) : key_(Sha256({key.Reveal()})) {}

  Digest operator()(absl::string_view text) const { return Sha256({BytesOf(key_), text}); }

 private:
  const Digest key_;
};

}  // namespace interaction::call
