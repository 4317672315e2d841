#include "server/auth/token_verifier.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/tokens.h"

namespace interaction::auth {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::KeySet;
using ::interaction::testing::SigningKey;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TokenClaims;
using ::interaction::testing::UnsignedToken;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const TokenOptions kOptions = {
    .issuer = "https://issuer.test/", .audience = "interaction-gateway", .leeway = absl::Seconds(30)};

// Making RSA keys takes a while.
const SigningKey& Rsa() {
  static const auto* const key = new SigningKey("rsa");
  return *key;
}
const SigningKey& P256() {
  static const auto* const key = new SigningKey("p256", SigningKey::Kind::kP256);
  return *key;
}

std::unique_ptr<TokenVerifier> Verifier() {
  return *TokenVerifier::Create(kOptions, KeySet({Rsa().PublicJson(), P256().PublicJson()}));
}

auto IsRefused(const std::string& why) { return StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(why)); }

TEST(TokenVerifierTest, TakesRs256AndEs256) {
  for (const SigningKey* key : {&Rsa(), &P256()}) {
    const auto token = Verifier()->Verify(key->Sign(TokenClaims{}.Json(kNow)), kNow);
    ASSERT_THAT(token, IsOk()) << key->id();
    EXPECT_EQ(token->subject, "billing");
    EXPECT_EQ(token->expires, kNow + absl::Minutes(5) + kOptions.leeway);
  }
}

TEST(TokenVerifierTest, HoldsToIssuerAudienceAndTime) {
  const auto verify = [](TokenClaims claims) { return Verifier()->Verify(Rsa().Sign(claims.Json(kNow)), kNow); };
  EXPECT_THAT(verify({.issuer = "https://other.test/"}), IsRefused("issuer (iss)"));
  EXPECT_THAT(verify({.audience = R"("other")"}), IsRefused("another audience"));
  EXPECT_THAT(verify({.audience = R"(["other","another"])"}), IsRefused("another audience"));
  EXPECT_THAT(verify({.audience = R"(["other","interaction-gateway"])"}), IsOk());
  EXPECT_THAT(verify({.audience = "7"}), IsRefused("another audience"));
  EXPECT_THAT(verify({.expires_in = -absl::Seconds(30)}), IsRefused("has expired"));
  EXPECT_THAT(verify({.expires_in = -absl::Seconds(29)}), IsOk()) << "within the leeway";
  EXPECT_THAT(verify({.more = absl::StrCat(R"(,"nbf":)", absl::ToUnixSeconds(kNow) + 31)}), IsRefused("not valid yet"));
  EXPECT_THAT(verify({.more = absl::StrCat(R"(,"nbf":)", absl::ToUnixSeconds(kNow) + 30)}), IsOk());
  EXPECT_THAT(verify({.more = R"(,"nbf":"soon")"}), IsRefused("not valid yet"));
  EXPECT_THAT(verify({.subject = ""}), IsRefused("subject (sub)"));
  EXPECT_THAT(verify({.subject = "two words"}), IsRefused("subject (sub)"));
}

TEST(TokenVerifierTest, WantsATimeOfExpiry) {
  const std::string claims = R"({"iss":"https://issuer.test/","aud":"interaction-gateway","sub":"a"})";
  EXPECT_THAT(Verifier()->Verify(Rsa().Sign(claims), kNow), IsRefused("when it expires"));
}

// RFC 8725, section 2.1: the header must not choose how it is verified.
TEST(TokenVerifierTest, RefusesNoneAndConfusedKeys) {
  const std::string claims = TokenClaims{}.Json(kNow);
  for (const char* algorithm : {"none", "None", "", "HS256", "RS384", "PS256", "ES384"}) {
    const std::string header = absl::StrCat(R"({"alg":")", algorithm, R"(","kid":"rsa"})");
    EXPECT_THAT(Verifier()->Verify(UnsignedToken(header, claims, "AAAA"), kNow), IsRefused("alg")) << algorithm;
  }
  EXPECT_THAT(Verifier()->Verify(UnsignedToken(R"({"kid":"rsa"})", claims), kNow), IsRefused("alg"));
  // A key of the other kind, by its name.
  const std::string confused = Rsa().Sign(claims, {{"alg", "RS256"}, {"kid", "p256"}});
  EXPECT_THAT(Verifier()->Verify(confused, kNow), StatusIs(absl::StatusCode::kNotFound));
}

TEST(TokenVerifierTest, RefusesAChangedToken) {
  const std::string token = Rsa().Sign(TokenClaims{}.Json(kNow));
  const std::string other = Rsa().Sign(TokenClaims{.subject = "sales"}.Json(kNow));
  const std::string mixed = token.substr(0, token.find('.')) +
                            other.substr(other.find('.'), other.rfind('.') - other.find('.')) +
                            token.substr(token.rfind('.'));
  EXPECT_THAT(Verifier()->Verify(mixed, kNow), IsRefused("signature is wrong"));
  EXPECT_THAT(Verifier()->Verify(token.substr(0, token.rfind('.') + 1), kNow), IsRefused(""));
  const SigningKey impostor("rsa");
  EXPECT_THAT(Verifier()->Verify(impostor.Sign(TokenClaims{}.Json(kNow)), kNow), IsRefused("signature is wrong"));
}

TEST(TokenVerifierTest, RefusesWhatIsNoToken) {
  for (const std::string& text :
       {std::string(""), std::string("abc"), std::string("a.b.c"), std::string("..."), std::string("{}"),
        std::string(9000, 'a'), UnsignedToken("[]", "{}"), UnsignedToken(R"({"alg":"RS256"})", "")}) {
    EXPECT_FALSE(Verifier()->Verify(text, kNow).ok()) << text.substr(0, 20);
  }
  EXPECT_THAT(Verifier()->Verify(Rsa().Sign("no claims"), kNow), IsRefused("not a JSON object"));
  EXPECT_THAT(
      Verifier()->Verify(Rsa().Sign(TokenClaims{}.Json(kNow), {{"alg", "RS256"}, {"kid", "rsa"}, {"crit", "x"}}), kNow),
      IsRefused("crit"));
}

TEST(TokenVerifierTest, SaysThatAKeyIsUnknown) {
  const SigningKey unknown("new", SigningKey::Kind::kP256);
  EXPECT_THAT(Verifier()->Verify(unknown.Sign(TokenClaims{}.Json(kNow)), kNow), StatusIs(absl::StatusCode::kNotFound));
}

TEST(TokenVerifierTest, ATokenNeedNotNameTheOnlyKeyOfItsKind) {
  const std::string token = P256().Sign(TokenClaims{}.Json(kNow), {{"alg", "ES256"}});
  EXPECT_THAT(Verifier()->Verify(token, kNow), IsOk());
  const SigningKey second("second", SigningKey::Kind::kP256);
  const auto two = *TokenVerifier::Create(kOptions, KeySet({P256().PublicJson(), second.PublicJson()}));
  EXPECT_THAT(two->Verify(token, kNow), IsRefused("which of several keys"));
}

TEST(TokenVerifierTest, SkipsKeysThatAreForSomethingElse) {
  const SigningKey p384("p384", SigningKey::Kind::kP384);
  const SigningKey short_rsa("short", SigningKey::Kind::kRsa, 1024);
  EXPECT_THAT(TokenVerifier::Create(
                  kOptions, KeySet({p384.PublicJson(), short_rsa.PublicJson(), "7", R"({"kty":"oct","k":"AAAA"})",
                                    Rsa().PublicJson(R"(,"use":"enc")"), Rsa().PublicJson(R"(,"alg":"RS512")")})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no key for RS256")));
  EXPECT_THAT(
      TokenVerifier::Create(kOptions, KeySet({p384.PublicJson(), Rsa().PublicJson(R"(,"use":"sig","alg":"RS256")")})),
      IsOk());
}

TEST(TokenVerifierTest, RefusesWhatIsNoKeySet) {
  for (const char* text : {"", "{}", "[]", R"({"keys":7})", "not JSON"}) {
    EXPECT_THAT(TokenVerifier::Create(kOptions, text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("JSON Web Key Set")))
        << text;
  }
}

}  // namespace
}  // namespace interaction::auth
