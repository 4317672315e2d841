#include "server/upstream/wolkvox/translator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rules/requests.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/http/url.h"
#include "server/upstream/canonical_form.h"
#include "server/upstream/http_verdict.h"
#include "server/upstream/invalid_request.h"
#include "server/upstream/json_writer.h"
#include "server/upstream/wolkvox/response_decoder.h"

namespace interaction::wolkvox {
namespace {

using upstream::Credential;
using upstream::CredentialOwner;

constexpr absl::string_view kPlaceholder = "{server}";

absl::Status BadBaseUrl(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("wolkvox.base_url: ", what));
}

// Every server that the options name.
std::vector<std::string> ServersOf(const Options& options) {
  std::vector<std::string> servers = options.allowed_servers;
  if (!options.default_server.empty()) servers.push_back(options.default_server);
  for (const auto& [server, token] : options.tokens) {
    if (!server.empty()) servers.push_back(server);
  }
  return servers;
}

std::string EncodeBody(const v1::AddWolkvoxInteractionRequest& request) {
  upstream::JsonWriter json(128 + request.sender().size() + request.sender_name().size() + request.recipient().size() +
                            request.recipient_name().size() + request.subject().size() + request.body().size() +
                            request.routing_point_id().size());
  json.Add("from", request.sender());
  json.Add("fromname", request.sender_name());
  json.Add("to", request.recipient());
  json.Add("toname", request.recipient_name());
  json.Add("subject", request.subject());
  json.Add("body", request.body());
  json.Add("rp_id", request.routing_point_id());
  return json.Finish();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Translator>> Translator::Create(Options options) {
  for (const std::string& server : ServersOf(options)) {
    if (rules::ParseServer(server) != server)
      return absl::InvalidArgumentError("wolkvox: not the name of a server, in lower case");
  }
  const auto join = [&options](absl::string_view server) {
    return http::JoinUrl(absl::StrReplaceAll(options.base_url, {{kPlaceholder, server}}), "api/v2/configuration.php",
                         {{"api", "add_interaction"}});
  };
  const auto one = join("1"), two = join("2");
  if (!one.ok() || !two.ok()) return BadBaseUrl(one.ok() ? two.status().message() : one.status().message());
  const size_t at = std::mismatch(one->begin(), one->end(), two->begin()).first - one->begin();
  if (at == one->size()) return std::unique_ptr<Translator>(new Translator(std::move(options), *one, ""));
  // The two URLs differ where the server's name is: once, before the path, and not in the port.
  std::string prefix = one->substr(0, at), suffix = one->substr(at + 1);
  const bool in_host = !absl::StrContains(absl::string_view(prefix).substr(prefix.find("://") + 3), "/") &&
                       *http::HostOf(*one) != *http::HostOf(*two);
  if (!in_host || absl::StrCat(prefix, "2", suffix) != *two) return BadBaseUrl("{server} may appear once, in the host");
  return std::unique_ptr<Translator>(new Translator(std::move(options), std::move(prefix), std::move(suffix)));
}

Translator::Translator(Options options, std::string url_prefix, std::string url_suffix)
    : options_(std::move(options)), url_prefix_(std::move(url_prefix)), url_suffix_(std::move(url_suffix)) {}

std::string Translator::ServerOf(const Request& request) const {
  return request.wolkvox_server().empty() ? options_.default_server : absl::AsciiStrToLower(request.wolkvox_server());
}

const Secret* Translator::TokenOf(absl::string_view server) const {
  auto found = options_.tokens.find(std::string(server));
  if (found == options_.tokens.end()) found = options_.tokens.find("");
  return found == options_.tokens.end() ? nullptr : &found->second;
}

absl::Status Translator::Authorize(const Request& request) const {
  const bool holds_token = TokenOf(ServerOf(request)) != nullptr;
  if (request.wolkvox_token().empty() || !holds_token || options_.allow_caller_credentials) return absl::OkStatus();
  return Error(Reason::kCallerCredentialsForbidden).In(Phase::kAuthorize).With("field", "wolkvox_token");
}

absl::Status Translator::Canonicalize(Request* request) const {
  const rules::WolkvoxConditions conditions{.token_required = TokenOf(ServerOf(*request)) == nullptr,
                                            .default_server = options_.default_server,
                                            .allowed_servers = options_.allowed_servers};
  return upstream::InvalidRequest(rules::Canonicalize(conditions, request));
}

Credential Translator::CredentialFor(const Request& request) const {
  if (!request.wolkvox_token().empty()) return {Secret(request.wolkvox_token()), CredentialOwner::kCaller};
  const Secret* token = TokenOf(ServerOf(request));
  return {token ? *token : Secret(), CredentialOwner::kGateway};
}

std::string Translator::CanonicalBytes(const Request& request) const {
  return upstream::CanonicalForm({{Request::kSenderFieldNumber, request.sender()},
                                  {Request::kSenderNameFieldNumber, request.sender_name()},
                                  {Request::kRecipientFieldNumber, request.recipient()},
                                  {Request::kRecipientNameFieldNumber, request.recipient_name()},
                                  {Request::kSubjectFieldNumber, request.subject()},
                                  {Request::kBodyFieldNumber, request.body()},
                                  {Request::kRoutingPointIdFieldNumber, request.routing_point_id()},
                                  {Request::kWolkvoxServerFieldNumber, ServerOf(request)}});
}

absl::StatusOr<http::Request> Translator::Encode(const Request& request, const Credential& credential) const {
  const std::string server = ServerOf(request);
  // Canonicalize has checked it, but the host and a header depend on it, so it is checked again.
  if (!rules::ParseServer(server)) {
    return Error(Reason::kInvalidRequest).WithFieldViolation("wolkvox_server", rules::kServerRule).ToStatus();
  }
  http::Request encoded;
  // A DNS label between two parts of a host name cannot change the domain.
  encoded.url = url_suffix_.empty() ? url_prefix_ : absl::StrCat(url_prefix_, server, url_suffix_);
  encoded.headers.reserve(8);
  encoded.headers.push_back({"Content-Type", "application/json"});
  encoded.headers.push_back({"Accept", "application/json"});
  if (options_.send_server_header) encoded.headers.push_back({"wolkvox_server", server});
  encoded.headers.push_back({"wolkvox-token", std::string(credential.secret.Reveal())});
  encoded.body = EncodeBody(request);
  return encoded;
}

absl::StatusOr<Translator::Reply> Translator::Decode(const http::Response& response, CredentialOwner owner,
                                                     absl::Time now) const {
  return DecodeAnswer(response, {.owner = owner, .now = now});
}

}  // namespace interaction::wolkvox
