#include "tests/support/tokens.h"

#include <cjose/cjose.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/require.h"

namespace interaction::testing {

std::string TokenClaims::Json(absl::Time now) const {
  return absl::StrCat(R"({"iss":")", issuer, R"(","aud":)", audience, R"(,"sub":")", subject, R"(","exp":)",
                      absl::ToUnixSeconds(now + expires_in), more, "}");
}

struct SigningKey::Handle {
  ~Handle() { cjose_jwk_release(key); }
  cjose_jwk_t* key;
};

SigningKey::SigningKey(std::string id, Kind kind, int rsa_bits) : id_(std::move(id)), kind_(kind) {
  constexpr unsigned char kExponent[] = {1, 0, 1};
  cjose_jwk_t* const key =
      kind == Kind::kRsa
          ? cjose_jwk_create_RSA_random(static_cast<size_t>(rsa_bits), kExponent, sizeof kExponent, nullptr)
          : cjose_jwk_create_EC_random(kind == Kind::kP256 ? CJOSE_JWK_EC_P_256 : CJOSE_JWK_EC_P_384, nullptr);
  Require(key != nullptr, "make a key to sign tokens with");
  handle_.reset(new Handle{key});
  cjose_jwk_set_kid(key, id_.data(), id_.size(), nullptr);
}

SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;

std::string SigningKey::algorithm() const {
  switch (kind_) {
    case Kind::kRsa:
      return "RS256";
    case Kind::kP256:
      return "ES256";
    case Kind::kP384:
      return "ES384";
  }
  return "";
}

std::string SigningKey::PublicJson(absl::string_view more) const {
  char* const text = cjose_jwk_to_json(handle_->key, /*priv=*/false, nullptr);
  std::string json = text;
  free(text);
  json.pop_back();
  return absl::StrCat(json, more, "}");
}

std::string SigningKey::Sign(const std::string& claims) const {
  return Sign(claims, {{"alg", algorithm()}, {"kid", id_}});
}

std::string SigningKey::Sign(const std::string& claims, const std::map<std::string, std::string>& header) const {
  cjose_header_t* const members = cjose_header_new(nullptr);
  for (const auto& [name, value] : header) cjose_header_set(members, name.c_str(), value.c_str(), nullptr);
  cjose_jws_t* const token =
      cjose_jws_sign(handle_->key, members, reinterpret_cast<const uint8_t*>(claims.data()), claims.size(), nullptr);
  Require(token != nullptr, "sign a token");
  const char* text = nullptr;
  cjose_jws_export(token, &text, nullptr);
  std::string compact = text;
  cjose_jws_release(token);
  cjose_header_release(members);
  return compact;
}

std::string KeySet(const std::vector<std::string>& public_keys) {
  return absl::StrCat(R"({"keys":[)", absl::StrJoin(public_keys, ","), "]}");
}

std::string UnsignedToken(absl::string_view header, absl::string_view claims, absl::string_view signature) {
  return absl::StrCat(absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims), ".", signature);
}

}  // namespace interaction::testing
