#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/auth/api_keys.h"
#include "server/auth/caller.h"
#include "server/auth/forwarders.h"
#include "server/auth/policy.h"
#include "server/auth/token_verifier.h"
#include "server/base/clock.h"

namespace interaction::auth {

// By what callers are identified, and what they may do. Immutable; the same for all lanes.
struct Access {
  std::shared_ptr<const Policy> policy;          // null: everybody may call everything
  bool takes_certificates = false;               // of connections
  std::shared_ptr<const ApiKeys> api_keys;       // null: none are taken
  std::shared_ptr<const Forwarders> forwarders;  // null: nobody's word about certificates counts
  std::optional<TokenOptions> tokens;            // nothing: no tokens are taken
  bool fetches_keys = false;                     // the key set comes from a URL, and may change any time
  std::string key_set;                           // for tokens; "": it could not be fetched yet
};

// What a call shows of its caller. Views live as long as the call.
struct Presented {
  absl::string_view authorization;  // metadata of that name; "": none
  absl::string_view api_key;        // metadata x-api-key
  absl::string_view forwarded;      // metadata x-forwarded-client-cert
  bool repeated = false;            // authorization or x-api-key was sent more than once
  Caller connection;                // by the connection's certificate
  std::string peer;                 // only with Gate::wants_peer(); from rpc::ServerCall::peer()
};

// A caller that was let in.
struct Pass {
  Caller caller;
  std::shared_ptr<const Rule> rule;  // that lets it in; null: everybody is let in
};

// One lane's door: finds out who calls, and whether they may. It keeps what it has found out about tokens until they
// expire, because a signature takes as much time to verify as a whole call. Not thread-safe.
class Gate {
 public:
  // Tokens whose subjects are kept.
  static constexpr size_t kMaxKnownTokens = 1024;

  // `ask_for_keys` is called when a token is signed with an unknown key: true if a new key set is on its way, so that
  // the caller should try again. Null: there is none to be had. `clock` outlives this.
  explicit Gate(const Clock* clock, std::function<bool()> ask_for_keys = nullptr)
      : clock_(clock), ask_for_keys_(std::move(ask_for_keys)) {}

  // From now on. INVALID_ARGUMENT if the key set cannot be used: nothing has changed then.
  absl::Status Use(std::shared_ptr<const Access> access);

  // Whether Presented::peer is needed.
  bool wants_peer() const { return access_ != nullptr && access_->forwarders != nullptr; }

  // Who calls. CALLER_UNAUTHENTICATED says what is missing or wrong; CALLER_KEYS_UNAVAILABLE if a token cannot be
  // verified for the moment. Without a policy, everybody is taken for who the connection says.
  absl::StatusOr<Caller> Identify(const Presented& presented);

  // The same, and whether the caller may call `rpc`, "CreateVspInteraction", now; "": something that every caller of
  // the policy may.
  absl::StatusOr<Pass> Admit(const Presented& presented, absl::string_view rpc);

 private:
  struct Known {
    std::string subject;
    absl::Time expires;
  };

  absl::StatusOr<Caller> IdentifyByToken(absl::string_view token);
  absl::StatusOr<Caller> IdentifyByApiKey(absl::string_view key) const;
  absl::Status Nobody(const Presented& presented) const;
  void Remember(absl::string_view token, const Token& verified, absl::Time now);

  const Clock* const clock_;
  const std::function<bool()> ask_for_keys_;
  std::shared_ptr<const Access> access_;     // null: open to everybody
  std::unique_ptr<TokenVerifier> verifier_;  // null: no tokens, or no keys yet
  absl::flat_hash_map<std::string, Known> known_;
};

}  // namespace interaction::auth
