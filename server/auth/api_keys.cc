#include "server/auth/api_keys.h"

#include <openssl/sha.h>

namespace interaction::auth {

ApiKeys::ApiKeys(const std::vector<ApiKey>& keys) {
  for (const ApiKey& key : keys) names_.emplace(key.sha256, key.name);
}

std::string ApiKeys::NameOf(absl::string_view key) const {
  const auto found = names_.find(DigestOfApiKey(key));
  return found == names_.end() ? "" : found->second;
}

std::string DigestOfApiKey(absl::string_view key) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace interaction::auth
