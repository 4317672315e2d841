#include "server/auth/token_verifier.h"

#include <cjose/cjose.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace interaction::auth {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxToken = 8 << 10;
constexpr size_t kMaxSubject = 256;
constexpr size_t kMaxKeys = 100;

absl::Status Refuse(absl::string_view why) { return absl::UnauthenticatedError(why); }

absl::Status NoKeySet(absl::string_view why) { return absl::InvalidArgumentError(why); }

struct FreeJose {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
  void operator()(cjose_jws_t* token) const { cjose_jws_release(token); }
};
using Jws = std::unique_ptr<cjose_jws_t, FreeJose>;

// The text of a member; nothing if there is none, or if it is not a text.
std::optional<absl::string_view> TextAt(const dom::object& object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return std::nullopt;
  return absl::string_view(text.data(), text.size());
}

// A NumericDate (RFC 7519, section 2), which may have a fraction.
std::optional<absl::Time> TimeAt(const dom::object& object, std::string_view name) {
  double seconds = 0;
  if (object[name].get(seconds) != simdjson::SUCCESS || !std::isfinite(seconds)) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

bool Has(const dom::object& object, std::string_view name) { return object[name].error() != simdjson::NO_SUCH_FIELD; }

// The kind of key that an algorithm goes with; 0 for an algorithm that is not accepted.
int KeyTypeOf(absl::string_view algorithm) {
  if (algorithm == "RS256") return CJOSE_JWK_KTY_RSA;
  return algorithm == "ES256" ? CJOSE_JWK_KTY_EC : 0;
}

}  // namespace

struct TokenVerifier::Key {
  std::unique_ptr<cjose_jwk_t, FreeJose> key;
  std::string id;  // "": it has none
  int type;
};

struct TokenVerifier::Header {
  std::string algorithm;
  std::string key_id;  // "": it names none
};

TokenVerifier::TokenVerifier(const TokenOptions& options) : options_(options) {}

TokenVerifier::~TokenVerifier() = default;

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(const TokenOptions& options,
                                                                     absl::string_view key_set) {
  std::unique_ptr<TokenVerifier> verifier(new TokenVerifier(options));
  RETURN_IF_ERROR(verifier->AddKeys(key_set));
  return verifier;
}

absl::Status TokenVerifier::AddKeys(absl::string_view key_set) {
  dom::parser parser;
  dom::array keys;
  if (parser.parse(key_set.data(), key_set.size())["keys"].get(keys) != simdjson::SUCCESS) {
    return NoKeySet("is not a JSON Web Key Set: it has to be an object with an array \"keys\"");
  }
  if (keys.size() > kMaxKeys) return NoKeySet(absl::StrCat("has more than ", kMaxKeys, " keys"));
  for (const dom::element each : keys) {
    dom::object members;
    if (each.get(members) != simdjson::SUCCESS) continue;
    if (TextAt(members, "use").value_or("sig") != "sig") continue;
    const std::string json = simdjson::minify(each);
    auto key = std::make_unique<Key>();
    key->key.reset(cjose_jwk_import(json.data(), json.size(), nullptr));
    if (key->key == nullptr) continue;
    key->id = std::string(TextAt(members, "kid").value_or(""));
    key->type = cjose_jwk_get_kty(key->key.get(), nullptr);
    if (const auto algorithm = TextAt(members, "alg"); algorithm && KeyTypeOf(*algorithm) != key->type) continue;
    // Shorter ones can be broken (RFC 7518, section 3.3); ES256 is P-256 (section 3.4).
    const size_t bits = cjose_jwk_get_keysize(key->key.get(), nullptr);
    const bool is_usable = key->type == CJOSE_JWK_KTY_RSA ? bits >= 2048 : key->type == CJOSE_JWK_KTY_EC && bits == 256;
    if (is_usable) keys_.push_back(std::move(key));
  }
  return keys_.empty() ? NoKeySet("has no key for RS256 (from 2048 bits on) or ES256") : absl::OkStatus();
}

absl::StatusOr<const TokenVerifier::Key*> TokenVerifier::KeyFor(const Header& header) const {
  const int type = KeyTypeOf(header.algorithm);
  const Key* found = nullptr;
  for (const auto& key : keys_) {
    if (key->type != type || (!header.key_id.empty() && key->id != header.key_id)) continue;
    if (found != nullptr) return Refuse("the token does not say which of several keys has signed it (kid)");
    found = key.get();
  }
  if (found == nullptr) return absl::NotFoundError("the token is signed with a key that is not in the key set");
  return found;
}

absl::StatusOr<Token> TokenVerifier::Verify(absl::string_view token, absl::Time now) const {
  constexpr absl::string_view kNoToken = "the token is not a signed JSON Web Token in compact form";
  std::string text;
  const size_t dot = token.find('.');
  if (token.size() > kMaxToken) return Refuse(absl::StrCat("the token is longer than ", kMaxToken, " bytes"));
  if (dot == token.npos || !absl::WebSafeBase64Unescape(token.substr(0, dot), &text)) return Refuse(kNoToken);
  dom::parser parser;
  dom::object members;
  if (parser.parse(text).get(members) != simdjson::SUCCESS) return Refuse(kNoToken);
  const Header header = {.algorithm = std::string(TextAt(members, "alg").value_or("")),
                         .key_id = std::string(TextAt(members, "kid").value_or(""))};
  if (KeyTypeOf(header.algorithm) == 0) return Refuse("the token's alg is not RS256 or ES256");
  if (Has(members, "crit")) return Refuse("the token has critical extensions (crit), of which none is known");
  ASSIGN_OR_RETURN(const Key* const key, KeyFor(header));

  const Jws jws(cjose_jws_import(token.data(), token.size(), nullptr));
  if (jws == nullptr) return Refuse(kNoToken);
  if (!cjose_jws_verify(jws.get(), key->key.get(), nullptr)) return Refuse("the token's signature is wrong");
  uint8_t* payload = nullptr;
  size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &payload, &size, nullptr)) return Refuse(kNoToken);
  return CheckClaims({reinterpret_cast<const char*>(payload), size}, now);
}

absl::StatusOr<Token> TokenVerifier::CheckClaims(absl::string_view payload, absl::Time now) const {
  dom::parser parser;
  dom::object claims;
  if (parser.parse(payload.data(), payload.size()).get(claims) != simdjson::SUCCESS) {
    return Refuse("the token's claims are not a JSON object");
  }
  if (TextAt(claims, "iss") != options_.issuer) return Refuse("the token's issuer (iss) is another one");
  bool for_us = TextAt(claims, "aud") == options_.audience;
  if (dom::array audiences; !for_us && claims["aud"].get(audiences) == simdjson::SUCCESS) {
    for_us = std::any_of(audiences.begin(), audiences.end(), [&](dom::element each) {
      std::string_view audience;
      return each.get(audience) == simdjson::SUCCESS && audience == options_.audience;
    });
  }
  if (!for_us) return Refuse("the token is for another audience (aud)");
  const std::optional<absl::Time> expires = TimeAt(claims, "exp");
  if (!expires) return Refuse("the token does not say when it expires (exp)");
  if (now >= *expires + options_.leeway) return Refuse("the token has expired");
  if (Has(claims, "nbf")) {
    const std::optional<absl::Time> begins = TimeAt(claims, "nbf");
    if (!begins || now < *begins - options_.leeway) return Refuse("the token is not valid yet (nbf)");
  }
  const absl::string_view subject = TextAt(claims, "sub").value_or("");
  const bool is_name = !subject.empty() && subject.size() <= kMaxSubject &&
                       std::all_of(subject.begin(), subject.end(), absl::ascii_isgraph);
  if (!is_name) {
    return Refuse(absl::StrCat("the token's subject (sub) is not 1 to ", kMaxSubject, " printable ASCII characters"));
  }
  return Token{.subject = std::string(subject), .expires = *expires + options_.leeway};
}

}  // namespace interaction::auth
