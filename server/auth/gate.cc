#include "server/auth/gate.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/auth/forwarded_certificate.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"

namespace interaction::auth {
namespace {

absl::Status Unauthenticated(absl::string_view detail) {
  return Error(Reason::kCallerUnauthenticated).In(Phase::kAuthorize).With("detail", detail);
}

// The token of "Bearer TOKEN" (RFC 6750, section 2.1; the scheme's case does not matter: RFC 9110, section 11.1).
std::optional<absl::string_view> BearerToken(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return std::nullopt;
  return absl::StripLeadingAsciiWhitespace(authorization.substr(kScheme.size()));
}

}  // namespace

absl::Status Gate::Use(std::shared_ptr<const Access> access) {
  std::unique_ptr<TokenVerifier> verifier;
  if (access->tokens && !access->key_set.empty()) {
    ASSIGN_OR_RETURN(verifier, TokenVerifier::Create(*access->tokens, access->key_set));
  }
  verifier_ = std::move(verifier);
  known_.clear();  // a key may have been withdrawn
  access_ = std::move(access);
  return absl::OkStatus();
}

absl::StatusOr<Caller> Gate::Identify(const Presented& presented) {
  if (access_ == nullptr || access_->policy == nullptr) return presented.connection;
  if (presented.connection.proof == Proof::kAdmin) return presented.connection;
  if (presented.repeated) return Unauthenticated("authorization or x-api-key was sent more than once");
  const bool has_token = access_->tokens && !presented.authorization.empty();
  const bool has_key = access_->api_keys != nullptr && !presented.api_key.empty();
  if (has_token && has_key) return Unauthenticated("authorization and x-api-key were both sent; send one of them");
  if (has_token) {
    const std::optional<absl::string_view> token = BearerToken(presented.authorization);
    return token ? IdentifyByToken(*token) : Unauthenticated("authorization is not of the form: Bearer TOKEN");
  }
  if (has_key) return IdentifyByApiKey(presented.api_key);
  if (!presented.forwarded.empty() && wants_peer() &&
      access_->forwarders->Contain(presented.peer, presented.connection)) {
    std::string identity = ForwardedIdentity(presented.forwarded);
    if (identity.empty())
      return Unauthenticated("x-forwarded-client-cert names no URI or DNS name, or more than one URI");
    return Caller{.proof = Proof::kCertificate, .identity = std::move(identity)};
  }
  if (access_->takes_certificates && presented.connection.proof != Proof::kNone) return presented.connection;
  return Nobody(presented);
}

absl::StatusOr<Pass> Gate::Admit(const Presented& presented, absl::string_view rpc) {
  ASSIGN_OR_RETURN(Caller caller, Identify(presented));
  if (access_ == nullptr || access_->policy == nullptr) return Pass{.caller = std::move(caller), .rule = nullptr};
  const Rule* rule = nullptr;
  if (!rpc.empty()) {
    ASSIGN_OR_RETURN(rule, access_->policy->Admit(caller, rpc, clock_->SteadyNow()));
  } else if (rule = access_->policy->Find(caller); rule == nullptr) {
    return Error(Reason::kCallerNotAllowed).In(Phase::kAuthorize).With("caller", caller.Name()).ToStatus();
  }
  return Pass{.caller = std::move(caller), .rule = std::shared_ptr<const Rule>(access_->policy, rule)};
}

absl::StatusOr<Caller> Gate::IdentifyByToken(absl::string_view token) {
  const absl::Time now = clock_->WallNow();
  const auto known = known_.find(token);
  if (known != known_.end() && now < known->second.expires) {
    return Caller{.proof = Proof::kToken, .identity = known->second.subject};
  }
  absl::StatusOr<Token> verified = absl::NotFoundError("");
  if (verifier_) verified = verifier_->Verify(token, now);
  if (absl::IsNotFound(verified.status())) {
    if (verifier_ == nullptr || (ask_for_keys_ && ask_for_keys_())) {
      return Error(Reason::kCallerKeysUnavailable).In(Phase::kAuthorize).ToStatus();
    }
  }
  if (!verified.ok()) return Unauthenticated(verified.status().message());
  Remember(token, *verified, now);
  return Caller{.proof = Proof::kToken, .identity = std::move(verified->subject)};
}

void Gate::Remember(absl::string_view token, const Token& verified, absl::Time now) {
  if (known_.size() >= kMaxKnownTokens) {
    absl::erase_if(known_, [now](const auto& each) { return each.second.expires <= now; });
  }
  if (known_.size() >= kMaxKnownTokens) known_.erase(known_.begin());
  known_.insert_or_assign(std::string(token), Known{.subject = verified.subject, .expires = verified.expires});
}

absl::StatusOr<Caller> Gate::IdentifyByApiKey(absl::string_view key) const {
  std::string name = access_->api_keys->NameOf(key);
  if (name.empty()) return Unauthenticated("the API key is not one of callers.api_keys_file");
  return Caller{.proof = Proof::kApiKey, .identity = std::move(name)};
}

absl::Status Gate::Nobody(const Presented& presented) const {
  std::vector<absl::string_view> taken;
  if (access_->takes_certificates) taken.push_back("a client certificate that names a URI or a DNS name");
  if (access_->tokens) taken.push_back("a token in metadata authorization");
  if (access_->api_keys) taken.push_back("a key in metadata x-api-key");
  std::string detail =
      absl::StrCat("the call does not say who makes it; the gateway takes ", absl::StrJoin(taken, ", or "));
  if (!presented.forwarded.empty()) {
    absl::StrAppend(&detail, "; x-forwarded-client-cert came from a peer that callers.forwarded_from does not list");
  }
  return Unauthenticated(detail);
}

}  // namespace interaction::auth
