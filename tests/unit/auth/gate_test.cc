#include "server/auth/gate.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/support/tokens.h"

namespace interaction::auth {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::IsOk;
using ::interaction::testing::KeySet;
using ::interaction::testing::SigningKey;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TokenClaims;
using ::testing::HasSubstr;

constexpr char kMethod[] = "CreateVspInteraction";
const Caller kWorkload = {.proof = Proof::kCertificate, .identity = "spiffe://c/billing"};

const SigningKey& Key() {
  static const auto* const key = new SigningKey("one", SigningKey::Kind::kP256);
  return *key;
}

class GateTest : public ::testing::Test {
 protected:
  // Everything is taken, and everybody may call.
  static Access Everything() {
    Access access;
    access.policy = std::make_shared<const Policy>(
        std::vector<Rule>{{.name = "all", .identities = {"token:*", "api_key:*", "certificate:*"}, .rpcs = {kMethod}}});
    access.takes_certificates = true;
    access.api_keys = std::make_shared<const ApiKeys>(std::vector<ApiKey>{{"billing", DigestOfApiKey("the key")}});
    access.forwarders = std::make_shared<const Forwarders>(*Forwarders::Parse({"10.0.0.0/8"}));
    access.tokens = TokenOptions{.issuer = "https://issuer.test/", .audience = "interaction-gateway"};
    access.key_set = KeySet({Key().PublicJson()});
    return access;
  }

  void Use(Access access) { ASSERT_THAT(gate_.Use(std::make_shared<const Access>(std::move(access))), IsOk()); }

  // The caller's name, or the reason and detail of the refusal.
  std::string Identify(const Presented& presented) {
    const absl::StatusOr<Caller> caller = gate_.Identify(presented);
    if (caller.ok()) return caller->Name();
    const ErrorDetails details = GetErrorDetails(caller.status());
    const auto detail = details.metadata.find("detail");
    return absl::StrCat(Describe(details.reason).name, ": ", detail == details.metadata.end() ? "" : detail->second);
  }

  std::string Bearer(const TokenClaims& claims = {}) { return "Bearer " + Key().Sign(claims.Json(clock_.WallNow())); }

  FakeClock clock_;
  bool keys_are_coming_ = false;
  int asked_ = 0;
  Gate gate_{&clock_, [this] {
               ++asked_;
               return keys_are_coming_;
             }};
};

TEST_F(GateTest, IsOpenWithoutAPolicy) {
  const auto pass = gate_.Admit({.connection = kWorkload}, kMethod);
  ASSERT_THAT(pass, IsOk());
  EXPECT_EQ(pass->caller.Name(), "certificate:spiffe://c/billing");
  EXPECT_EQ(pass->rule, nullptr);
}

TEST_F(GateTest, IdentifiesByEachProof) {
  Use(Everything());
  EXPECT_EQ(Identify({.connection = kWorkload}), "certificate:spiffe://c/billing");
  EXPECT_EQ(Identify({.authorization = Bearer()}), "token:billing");
  EXPECT_EQ(Identify({.api_key = "the key"}), "api_key:billing");
  EXPECT_EQ(Identify({.forwarded = "URI=spiffe://c/sales", .peer = "ipv4:10.0.0.7:1"}), "certificate:spiffe://c/sales");
}

TEST_F(GateTest, AProofInTheCallCountsBeforeTheConnections) {
  Use(Everything());
  EXPECT_EQ(Identify({.authorization = Bearer(), .connection = kWorkload}), "token:billing");
  EXPECT_EQ(Identify({.api_key = "wrong", .connection = kWorkload}),
            "CALLER_UNAUTHENTICATED: the API key is not one of callers.api_keys_file")
      << "a wrong one is not passed over";
}

TEST_F(GateTest, RefusesWhatIsNotClear) {
  Use(Everything());
  EXPECT_THAT(Identify({.authorization = Bearer(), .api_key = "the key"}), HasSubstr("both sent"));
  EXPECT_THAT(Identify({.api_key = "the key", .repeated = true}), HasSubstr("more than once"));
  EXPECT_THAT(Identify({.authorization = "Basic abc"}), HasSubstr("not of the form: Bearer TOKEN"));
  EXPECT_THAT(Identify({.forwarded = "Hash=1", .peer = "ipv4:10.0.0.7:1"}), HasSubstr("names no URI"));
}

TEST_F(GateTest, SaysWhatItTakes) {
  Access access = Everything();
  access.api_keys = nullptr;
  Use(std::move(access));
  EXPECT_EQ(Identify({}),
            "CALLER_UNAUTHENTICATED: the call does not say who makes it; the gateway takes a client certificate that "
            "names a URI or a DNS name, or a token in metadata authorization");
}

TEST_F(GateTest, BelievesForwardedCertificatesOfItsForwardersOnly) {
  Use(Everything());
  EXPECT_THAT(Identify({.forwarded = "URI=spiffe://c/admin", .peer = "ipv4:192.0.2.1:1"}),
              HasSubstr("a peer that callers.forwarded_from does not list"));
  EXPECT_EQ(Identify({.forwarded = "URI=spiffe://c/admin", .connection = kWorkload, .peer = "ipv4:192.0.2.1:1"}),
            "certificate:spiffe://c/billing");
}

TEST_F(GateTest, TakesNoCertificateOfAConnectionUnlessClientsAreAskedForOne) {
  Access access = Everything();
  access.takes_certificates = false;
  Use(std::move(access));
  EXPECT_THAT(Identify({.connection = kWorkload}), HasSubstr("does not say who makes it"));
}

TEST_F(GateTest, ForgetsATokenWhenItExpires) {
  Use(Everything());
  const std::string bearer = Bearer({.expires_in = absl::Minutes(1)});
  EXPECT_EQ(Identify({.authorization = bearer}), "token:billing");
  clock_.Advance(absl::Seconds(89));
  EXPECT_EQ(Identify({.authorization = bearer}), "token:billing") << "30 s of leeway";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Identify({.authorization = bearer}), "CALLER_UNAUTHENTICATED: the token has expired");
}

TEST_F(GateTest, ForgetsTokensWhenTheirKeyIsWithdrawn) {
  Use(Everything());
  const std::string bearer = Bearer();
  EXPECT_EQ(Identify({.authorization = bearer}), "token:billing");
  Access access = Everything();
  const SigningKey other("two", SigningKey::Kind::kP256);
  access.key_set = KeySet({other.PublicJson()});
  Use(std::move(access));
  EXPECT_THAT(Identify({.authorization = bearer}), HasSubstr("a key that is not in the key set"));
}

TEST_F(GateTest, AsksForKeysWhenATokenNamesAnUnknownOne) {
  Use(Everything());
  const SigningKey unknown("new", SigningKey::Kind::kP256);
  const std::string bearer = "Bearer " + unknown.Sign(TokenClaims{}.Json(clock_.WallNow()));
  keys_are_coming_ = true;
  EXPECT_THAT(Identify({.authorization = bearer}), HasSubstr("CALLER_KEYS_UNAVAILABLE"));
  keys_are_coming_ = false;
  EXPECT_THAT(Identify({.authorization = bearer}), HasSubstr("CALLER_UNAUTHENTICATED"));
  EXPECT_EQ(asked_, 2);
}

TEST_F(GateTest, IsUnavailableUntilKeysWereFetched) {
  Access access = Everything();
  access.key_set.clear();
  Use(std::move(access));
  EXPECT_THAT(Identify({.authorization = Bearer()}), HasSubstr("CALLER_KEYS_UNAVAILABLE"));
  EXPECT_EQ(Identify({.api_key = "the key"}), "api_key:billing") << "others do not depend on them";
}

TEST_F(GateTest, KeepsItsAccessWhenAKeySetIsNoGood) {
  Use(Everything());
  Access access = Everything();
  access.key_set = "garbage";
  EXPECT_THAT(gate_.Use(std::make_shared<const Access>(std::move(access))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Identify({.authorization = Bearer()}), "token:billing");
}

TEST_F(GateTest, KeepsABoundedNumberOfTokens) {
  Use(Everything());
  for (size_t i = 0; i < Gate::kMaxKnownTokens + 10; ++i) {
    EXPECT_EQ(Identify({.authorization = Bearer({.subject = absl::StrCat("caller", i)})}),
              absl::StrCat("token:caller", i));
  }
}

TEST_F(GateTest, LetsKnownCallersAskForWhatIsNoRpc) {
  Access access = Everything();
  access.policy = std::make_shared<const Policy>(
      std::vector<Rule>{{.name = "billing", .identities = {"api_key:billing"}, .rpcs = {kMethod}}});
  Use(std::move(access));
  EXPECT_THAT(gate_.Admit({.api_key = "the key"}, ""), IsOk());
  EXPECT_EQ(GetErrorDetails(gate_.Admit({.connection = kWorkload}, "").status()).reason, Reason::kCallerNotAllowed);
}

}  // namespace
}  // namespace interaction::auth
