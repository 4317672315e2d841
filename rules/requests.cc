#include "rules/requests.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "rules/field_checks.h"

namespace interaction::rules {
namespace {

constexpr size_t kMaxServer = 32;

void CheckServer(const WolkvoxConditions& conditions, absl::string_view named, FieldChecks* checks) {
  if (named.empty() && !conditions.default_server.has_value()) return;
  const std::string server = absl::AsciiStrToLower(named.empty() ? *conditions.default_server : named);
  const auto& allowed = conditions.allowed_servers;
  if (server.empty()) {
    checks->Add("wolkvox_server", "is required, because the gateway has no default");
  } else if (!ParseServer(server)) {
    checks->Add("wolkvox_server", kServerRule);
  } else if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), server) == allowed.end()) {
    checks->Add("wolkvox_server", "is not a server that this gateway may call");
  }
}

}  // namespace

std::vector<FieldViolation> Canonicalize(const VspConditions& conditions, v1::CreateVspInteractionRequest* request) {
  FieldChecks checks(conditions.xml ? FieldChecks::Charset::kXml10 : FieldChecks::Charset::kAny);
  if (!request->app_access_key().empty() || conditions.key_required) {
    checks.Credential("app_access_key", request->app_access_key());
  }
  checks.Required("interaction_identity", request->interaction_identity());
  checks.Required("interaction_name", request->interaction_name());
  checks.Guid("account_id", request->mutable_account_id());
  checks.Guid("contact_id", request->mutable_contact_id());
  if (request->has_tenant_key()) checks.Guid("tenant_key", request->mutable_tenant_key());
  if (request->has_group_key()) checks.Guid("group_key", request->mutable_group_key());
  if (!request->request_id().empty()) checks.RequestId(request->mutable_request_id());
  return checks.violations();
}

std::vector<FieldViolation> Canonicalize(const WolkvoxConditions& conditions,
                                         v1::AddWolkvoxInteractionRequest* request) {
  FieldChecks checks;
  checks.Required("sender", request->sender());
  checks.Optional("sender_name", request->sender_name());
  checks.Required("recipient", request->recipient());
  checks.Optional("recipient_name", request->recipient_name());
  checks.Optional("subject", request->subject());
  checks.Optional("body", request->body(), kMaxBody);
  checks.Required("routing_point_id", request->routing_point_id());
  CheckServer(conditions, request->wolkvox_server(), &checks);
  if (!request->wolkvox_token().empty() || conditions.token_required) {
    checks.Credential("wolkvox_token", request->wolkvox_token());
  }
  if (!request->request_id().empty()) checks.RequestId(request->mutable_request_id());
  return checks.violations();
}

std::optional<std::string> ParseServer(absl::string_view text) {
  if (text.empty() || text.size() > kMaxServer || text.front() == '-' || text.back() == '-') return std::nullopt;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '-') return std::nullopt;
  }
  return absl::AsciiStrToLower(text);
}

}  // namespace interaction::rules
