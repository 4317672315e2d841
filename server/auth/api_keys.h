#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::auth {

// A key as the file has it: whose it is, and its digest, from which the key cannot be learned because it is random and
// long.
struct ApiKey {
  std::string name;
  std::string sha256;  // 32 bytes
};

// The callers' API keys. Immutable, thread-safe.
class ApiKeys {
 public:
  // Several keys may have one name: the old one and the new one, while callers change over.
  explicit ApiKeys(const std::vector<ApiKey>& keys);

  // Whose key it is; "": nobody's.
  std::string NameOf(absl::string_view key) const;

 private:
  absl::flat_hash_map<std::string, std::string> names_;  // by digest
};

// The 32 bytes of the SHA-256 of a key.
std::string DigestOfApiKey(absl::string_view key);

}  // namespace interaction::auth
