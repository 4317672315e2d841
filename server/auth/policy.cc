#include "server/auth/policy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "server/base/errors.h"

namespace interaction::auth {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

bool Contains(const std::vector<std::string>& list, absl::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

Error NotAllowed(const Caller& caller) {
  Error error(Reason::kCallerNotAllowed);
  error.In(Phase::kAuthorize).With("caller", caller.Name());
  return error;
}

}  // namespace

bool Rule::AllowsRpc(absl::string_view rpc) const { return Contains(rpcs, rpc); }

bool Rule::AllowsServer(absl::string_view server) const {
  return server.empty() || servers.empty() || Contains(servers, server);
}

Policy::Policy(std::vector<Rule> rules, const Policy* previous) : rules_(std::move(rules)), limits_(rules_.size()) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    const Rule& rule = rules_[i];
    for (absl::string_view identity : rule.identities) {
      if (absl::ConsumeSuffix(&identity, "*")) {
        beginnings_.push_back({std::string(identity), i});
      } else {
        exact_.emplace(identity, i);
      }
    }
    if (rule.calls_per_second > 0) limits_[i] = std::make_shared<RateLimit>(rule.calls_per_second, rule.burst);
    for (size_t j = 0; previous != nullptr && j < previous->rules_.size(); ++j) {
      const Rule& before = previous->rules_[j];
      const bool is_the_same =
          before.name == rule.name && before.calls_per_second == rule.calls_per_second && before.burst == rule.burst;
      if (is_the_same) limits_[i] = previous->limits_[j];
    }
  }
  std::sort(beginnings_.begin(), beginnings_.end(),
            [](const Beginning& a, const Beginning& b) { return a.text.size() > b.text.size(); });
}

size_t Policy::Lookup(const Caller& caller) const {
  const std::string name = caller.Name();
  if (name.empty()) return kNone;
  const auto found = exact_.find(name);
  if (found != exact_.end()) return found->second;
  for (const Beginning& beginning : beginnings_) {
    if (absl::StartsWith(name, beginning.text)) return beginning.rule;
  }
  return kNone;
}

const Rule* Policy::Find(const Caller& caller) const {
  const size_t rule = Lookup(caller);
  return rule == kNone ? nullptr : &rules_[rule];
}

absl::StatusOr<const Rule*> Policy::Admit(const Caller& caller, absl::string_view rpc, SteadyTime now) const {
  const size_t found = Lookup(caller);
  if (found == kNone) return NotAllowed(caller).With("detail", "no rule of the policy names this caller").ToStatus();
  const Rule& rule = rules_[found];
  if (!rule.AllowsRpc(rpc)) {
    return NotAllowed(caller).With("rule", rule.name).With("detail", "the rule does not list this RPC").ToStatus();
  }
  if (limits_[found] == nullptr) return &rule;
  const std::optional<absl::Duration> wait = limits_[found]->Take(now);
  if (!wait) return &rule;
  return Error(Reason::kCallerRateLimited)
      .In(Phase::kAuthorize)
      .With("caller", caller.Name())
      .With("rule", rule.name)
      .WithQuota("rule:" + rule.name)
      .WithRetryAfter(*wait)
      .ToStatus();
}

absl::Status CheckServer(const Rule& rule, const Caller& caller, absl::string_view server) {
  if (rule.AllowsServer(server)) return absl::OkStatus();
  return NotAllowed(caller)
      .With("rule", rule.name)
      .With("server", server)
      .With("detail", "the rule does not list this server")
      .ToStatus();
}

}  // namespace interaction::auth
