#include "server/app/explain_caller.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/auth/caller.h"
#include "server/auth/policy.h"
#include "server/config/callers.h"

namespace interaction::app {
namespace {

// Whether anybody can prove to be that caller at all.
std::string NotTaken(const config::Config& config, auth::Proof proof) {
  const config::Callers& callers = config.callers;
  const bool certificates = !config.server.tls_client_ca_file.empty() || !callers.forwarded_from.empty();
  const bool tokens = !callers.jwks_file.empty() || !callers.jwks_url.empty();
  const bool taken = proof == auth::Proof::kCertificate ? certificates
                     : proof == auth::Proof::kToken     ? tokens
                     : proof == auth::Proof::kAdmin     ? config.admin.try_it
                                                        : !callers.api_keys_file.empty();
  return taken ? "" : "  But the configuration takes no proof of this kind, so nobody can be this caller.\n";
}

}  // namespace

absl::StatusOr<std::string> ExplainCaller(const config::Config& config, absl::string_view name) {
  const std::optional<auth::Caller> caller = auth::ParseCaller(name);
  if (!caller) {
    return absl::InvalidArgumentError(
        absl::StrCat("--caller: \"", name, "\" is not certificate:NAME, token:SUBJECT, api_key:NAME or admin:try-it"));
  }
  if (config.callers.policy_file.empty()) {
    return absl::StrCat(name, ": may call everything, like everybody: callers.policy_file is not set.\n");
  }
  const auth::Policy policy(config.callers.rules);
  const auth::Rule* const rule = policy.Find(*caller);
  if (rule == nullptr) return absl::StrCat(name, ": may call nothing: no rule of the policy names it.\n");
  std::string text = absl::StrCat(name, ": the rule \"", rule->name, "\" (", rule->origin, ") is about it.\n",
                                  NotTaken(config, caller->proof));
  for (const absl::string_view rpc : config::kPolicyRpcs) {
    absl::StrAppend(&text, "  ", rpc, ": ", rule->AllowsRpc(rpc) ? "allowed" : "not allowed");
    if (rpc == "AddWolkvoxInteraction" && rule->AllowsRpc(rpc)) {
      absl::StrAppend(&text, rule->servers.empty()
                                 ? ", on any wolkvox_server"
                                 : absl::StrCat(", on wolkvox_server ", absl::StrJoin(rule->servers, ", ")));
    }
    text += "\n";
  }
  absl::StrAppend(&text, rule->calls_per_second > 0
                             ? absl::StrCat("  At most ", rule->calls_per_second, " calls a second, ", rule->burst,
                                            " at once, of all callers of this rule together.\n")
                             : "  As many calls as they like.\n");
  return text;
}

}  // namespace interaction::app
