#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::testing {

// The claims of a token that the gateway under test accepts; a test changes what it is about.
struct TokenClaims {
  std::string issuer = "https://issuer.test/";
  std::string audience = "\"interaction-gateway\"";  // JSON
  std::string subject = "billing";
  absl::Duration expires_in = absl::Minutes(5);
  std::string more;  // JSON members: ,"nbf":1

  std::string Json(absl::Time now) const;
};

// A private key of an issuer of tokens, and its public half.
class SigningKey {
 public:
  enum class Kind { kRsa, kP256, kP384 };

  explicit SigningKey(std::string id, Kind kind = Kind::kRsa, int rsa_bits = 2048);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;

  // The public key as JSON; `more`: members to add, `,"alg":"RS256"`.
  std::string PublicJson(absl::string_view more = "") const;

  // A token with these claims, signed with the algorithm that goes with the key.
  std::string Sign(const std::string& claims) const;
  // The same with a header of the test's choice, which names the key's algorithm.
  std::string Sign(const std::string& claims, const std::map<std::string, std::string>& header) const;

  const std::string& id() const { return id_; }
  std::string algorithm() const;

 private:
  struct Handle;

  std::string id_;
  Kind kind_;
  std::unique_ptr<Handle> handle_;
};

// {"keys":[...]}
std::string KeySet(const std::vector<std::string>& public_keys);

// A token put together by hand: header and claims as JSON, the signature as it is.
std::string UnsignedToken(absl::string_view header, absl::string_view claims, absl::string_view signature = "");

}  // namespace interaction::testing
