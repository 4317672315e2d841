#include "server/upstream/seethepro/translator.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/requests.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/http/url.h"
#include "server/upstream/canonical_form.h"
#include "server/upstream/http_verdict.h"
#include "server/upstream/invalid_request.h"
#include "server/upstream/seethepro/request_encoder.h"
#include "server/upstream/seethepro/response_decoder.h"

namespace interaction::seethepro {

using upstream::Credential;
using upstream::CredentialOwner;

namespace {

// Removes violations of the key; returns whether there were any.
bool EraseKey(std::vector<FieldViolation>* violations) {
  return std::erase_if(*violations,
                       [](const FieldViolation& violation) { return violation.field == "app_access_key"; }) > 0;
}

bool SaysDuplicate(absl::string_view body) {
  const std::string text = absl::AsciiStrToLower(body);
  return absl::StrContains(text, "already exist") || absl::StrContains(text, "duplicate");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Translator>> Translator::Create(Options options) {
  auto url = http::JoinUrl(options.base_url, "api/vspinteraction/create", {});
  if (!url.ok()) return absl::InvalidArgumentError(absl::StrCat("seethepro.base_url: ", url.status().message()));
  return std::unique_ptr<Translator>(new Translator(std::move(options), *std::move(url)));
}

Translator::Translator(Options options, std::string url)
    : options_(std::move(options)), url_(std::move(url)), headers_(HeadersFor(options_.wire_format)) {}

absl::Status Translator::Authorize(const Request& request) const {
  const bool holds_key = !options_.app_access_key.empty();
  if (request.app_access_key().empty() || !holds_key || options_.allow_caller_credentials) return absl::OkStatus();
  return Error(Reason::kCallerCredentialsForbidden).In(Phase::kAuthorize).With("field", "app_access_key");
}

absl::Status Translator::Canonicalize(Request* request) const {
  const rules::VspConditions conditions{.key_required = options_.app_access_key.empty(),
                                        .xml = options_.wire_format == WireFormat::kXml};
  return upstream::InvalidRequest(rules::Canonicalize(conditions, request));
}

Credential Translator::CredentialFor(const Request& request) const {
  if (request.app_access_key().empty()) return {options_.app_access_key, CredentialOwner::kGateway};
  return {Secret(request.app_access_key()), CredentialOwner::kCaller};
}

std::string Translator::CanonicalBytes(const Request& request) const {
  return upstream::CanonicalForm({{Request::kInteractionIdentityFieldNumber, request.interaction_identity()},
                                  {Request::kInteractionNameFieldNumber, request.interaction_name()},
                                  {Request::kAccountIdFieldNumber, request.account_id()},
                                  {Request::kContactIdFieldNumber, request.contact_id()},
                                  {Request::kTenantKeyFieldNumber, request.tenant_key()},
                                  {Request::kGroupKeyFieldNumber, request.group_key()}});
}

absl::StatusOr<http::Request> Translator::Encode(const Request& request, const Credential& credential) const {
  http::Request encoded{url_, {}, EncodeBody(request, credential.secret.Reveal(), options_.wire_format)};
  encoded.headers.reserve(8);  // the trace adds its own
  encoded.headers.assign(headers_.begin(), headers_.end());
  return encoded;
}

absl::StatusOr<Translator::Reply> Translator::Decode(const http::Response& response, CredentialOwner owner,
                                                     absl::Time now) const {
  if (upstream::IsSuccess(response.status)) {
    if (auto reply = DecodeReply(response.body); reply.ok()) return reply;
  }
  upstream::Hints hints{.owner = owner, .now = now};
  int status = response.status;
  if (status == 400 || status == 422) {
    hints.field_violations = DecodeRejectedFields(response.body);
    if (owner == CredentialOwner::kGateway && EraseKey(&hints.field_violations) && hints.field_violations.empty()) {
      status = 401;  // the upstream refuses the gateway's key, which the caller cannot correct
    }
  }
  if (status == 404) hints.names_a_resource = !IsFrameworkNotFound(response.body);
  if (status == 409) hints.says_duplicate = SaysDuplicate(response.body);
  return upstream::HttpError(status, response, hints);
}

}  // namespace interaction::seethepro
