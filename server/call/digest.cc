#include "server/call/digest.h"

#include <openssl/evp.h>

#include "absl/strings/str_cat.h"

namespace interaction::call {
namespace {

constexpr size_t kBlockBytes = 64;

// Looked up once: OpenSSL 3 takes longer to find an algorithm by its name than to hash a request.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

std::string Pad(absl::string_view key, char pad) {
  std::string block(kBlockBytes, pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] = static_cast<char>(block[i] ^ key[i]);
  return block;
}

}  // namespace

std::string Sha256(absl::string_view text) {
  std::string digest(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, Algorithm(), nullptr);
  return digest;
}

KeyedDigest::KeyedDigest(const Secret& key) {
  const std::string hashed = key.Reveal().size() > kBlockBytes ? Sha256(key.Reveal()) : std::string(key.Reveal());
  inner_key_ = Pad(hashed, 0x36);
  outer_key_ = Pad(hashed, 0x5c);
}

std::string KeyedDigest::operator()(absl::string_view text) const {
  return Sha256(absl::StrCat(outer_key_, Sha256(absl::StrCat(inner_key_, text))));
}

}  // namespace interaction::call
