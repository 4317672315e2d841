#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::auth {

struct TokenOptions {
  std::string issuer;                         // claim iss
  std::string audience;                       // has to be among claim aud
  absl::Duration leeway = absl::Seconds(30);  // by which clocks may differ
};

// What a valid token says.
struct Token {
  std::string subject;
  absl::Time expires;  // leeway included
};

// Verifies JSON Web Tokens (RFC 7519) by the rules of RFC 8725: signed with RS256 or ES256 and nothing else, with a key
// of a JSON Web Key Set (RFC 7517) that is made for that algorithm; by the right issuer, for the right audience, in
// time. libcjose checks the signatures. Not thread-safe.
class TokenVerifier {
 public:
  // INVALID_ARGUMENT if the key set is not one, or has no key that can be used; keys of other kinds are skipped.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(const TokenOptions& options, absl::string_view key_set);
  ~TokenVerifier();

  // UNAUTHENTICATED says what is wrong with the token, and never repeats it; NOT_FOUND: it is signed with a key that is
  // not in the set.
  absl::StatusOr<Token> Verify(absl::string_view token, absl::Time now) const;

 private:
  struct Key;
  struct Header;

  explicit TokenVerifier(const TokenOptions& options);

  absl::Status AddKeys(absl::string_view key_set);
  absl::StatusOr<const Key*> KeyFor(const Header& header) const;
  absl::StatusOr<Token> CheckClaims(absl::string_view payload, absl::Time now) const;

  const TokenOptions options_;
  std::vector<std::unique_ptr<const Key>> keys_;
};

}  // namespace interaction::auth
