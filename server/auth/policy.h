#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/auth/caller.h"
#include "server/auth/rate_limit.h"
#include "server/base/clock.h"

namespace interaction::auth {

// What one entry of the policy file says: which callers it is about, and what they may do.
struct Rule {
  std::string name;                     // unique
  std::vector<std::string> identities;  // as Caller::Name() has them; one that ends with "*": all that begin so
  std::vector<std::string> rpcs;        // "CreateVspInteraction"
  std::vector<std::string> servers;     // empty: any
  double calls_per_second = 0;          // of all callers that the rule is about together; 0: no limit
  int burst = 1;                        // with calls_per_second
  std::string origin;                   // "policy.yaml:12"

  bool AllowsRpc(absl::string_view rpc) const;
  bool AllowsServer(absl::string_view server) const;  // "" is no server, and needs no permission
};

// Who may do what: no rule, no entry. Immutable but for the calls that it counts; thread-safe.
class Policy {
 public:
  // `previous` (may be null): rules that have kept their name and their rate go on counting where they were.
  explicit Policy(std::vector<Rule> rules, const Policy* previous = nullptr);

  // The rule about a caller: the one that names it, else the one with the longest beginning of its name; null: none.
  const Rule* Find(const Caller& caller) const;

  // Whether the caller may call the RPC now; counts the call. CALLER_NOT_ALLOWED or CALLER_RATE_LIMITED, with
  // RetryInfo.
  absl::StatusOr<const Rule*> Admit(const Caller& caller, absl::string_view rpc, SteadyTime now) const;

  const std::vector<Rule>& rules() const { return rules_; }

 private:
  struct Beginning {
    std::string text;
    size_t rule;
  };

  size_t Lookup(const Caller& caller) const;

  const std::vector<Rule> rules_;
  std::vector<std::shared_ptr<RateLimit>> limits_;  // of each rule; null: none
  absl::flat_hash_map<std::string, size_t> exact_;
  std::vector<Beginning> beginnings_;  // the longest first
};

// A call's permission: CALLER_NOT_ALLOWED if the rule does not allow the server that the request is for.
absl::Status CheckServer(const Rule& rule, const Caller& caller, absl::string_view server);

}  // namespace interaction::auth
