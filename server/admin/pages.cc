#include "server/admin/pages.h"

#include <openssl/crypto.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/admin/console/console.h"
#include "server/telemetry/exposition.h"

namespace interaction::admin {
namespace {

constexpr absl::string_view kIndex =
    "interaction-gateway, admin port\n"
    "\n"
    "GET  /           this list; for browsers, a page that shows all of it\n"
    "GET  /livez      200 while the process works, 503 when a part of it is stuck\n"
    "GET  /readyz     200 when calls can be served, 503 and why when not\n"
    "GET  /metrics    metrics for Prometheus, also as OpenMetrics\n"
    "GET  /statusz    what the gateway runs by and how it is, as JSON\n"
    "GET  /calls      the last calls, as JSON; ?outcome= &reason= &caller= &request_id= &trace_id= choose among them\n"
    "GET  /reasons    what each reason of an error means and what to do, as JSON\n"
    "GET  /try        what calls can be made here, as JSON; POST makes one; needs admin.try_it and the admin token\n"
    "GET  /loglevel   the level of the log\n"
    "POST /loglevel?level=debug|info|warning|error   changes it, until the next reload; needs the admin token\n"
    "POST /drain      ends the process gracefully, as SIGTERM does; needs the admin token\n";

constexpr absl::string_view kNoTryIt =
    "Calls cannot be made here: admin.try_it is false. It needs admin.token_file, too.\n";

HttpResponse Text(int status, std::string body) { return {.status = status, .body = std::move(body)}; }

HttpResponse JsonPage(std::string body) { return {.content_type = "application/json", .body = std::move(body)}; }

HttpResponse WrongMethod(absl::string_view allowed) {
  HttpResponse answer = Text(405, absl::StrCat("This page is for ", allowed, ".\n"));
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

HttpResponse Unauthorized() {
  HttpResponse answer = Text(401, "This page needs the token of admin.token_file: Authorization: Bearer TOKEN\n");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"interaction-gateway admin\"");
  return answer;
}

bool AcceptsHtml(const HttpRequest& request) {
  const auto accept = request.headers.find("accept");
  return accept != request.headers.end() && absl::StrContains(accept->second, "text/html");
}

// Whether the client has asked for an address or for this machine, not for a name. A web page elsewhere can have its
// own name point at this machine and then read what it is answered (DNS rebinding), but not under another name than its
// own.
bool AsksForAnAddress(const HttpRequest& request) {
  const auto found = request.headers.find("host");
  if (found == request.headers.end()) return true;
  absl::string_view host = found->second;
  if (absl::StartsWith(host, "[")) return true;
  host = host.substr(0, host.find(':'));
  return host.empty() || host == "localhost" || host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

HttpResponse NeedsAnAddress() {
  return Text(403,
              "Without admin.token_file, this page is only shown to who asks for an address or for localhost, because "
              "any web page could ask for a name of its own.\n");
}

bool IsKnown(telemetry::LogLevel level, absl::string_view name) { return telemetry::LogLevelName(level) == name; }

}  // namespace

bool Pages::HasToken(const HttpRequest& request) const {
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end()) return false;
  absl::string_view given = found->second;
  if (!absl::ConsumePrefix(&given, "Bearer ")) return false;
  const absl::string_view token = token_.Reveal();
  return given.size() == token.size() && CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

HttpResponse Pages::Answer(const HttpRequest& request) const {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == "/livez") return reads ? Livez() : WrongMethod("GET");
  if (request.path == "/readyz") return reads ? Readyz() : WrongMethod("GET");
  if (reads && request.path == "/" && !AcceptsHtml(request)) return Text(200, std::string(kIndex));
  if (const std::optional<HttpResponse> file = reads ? ConsoleFile(request.path) : std::nullopt) return *file;
  if (reads && request.path == "/console/access") {
    return JsonPage(token_.empty() ? "{\"needsToken\":false}\n" : "{\"needsToken\":true}\n");
  }
  const bool has_token = !token_.empty() && HasToken(request);
  if (!token_.empty() && !has_token) return Unauthorized();
  if (!reads && request.method != "POST") return WrongMethod("GET, POST");
  if (!reads && !has_token) {
    return Text(403, "What changes something needs the admin token: set admin.token_file.\n");
  }
  if (request.path == "/try") {
    return sources_.try_it && has_token ? sources_.try_it(request) : Text(404, std::string(kNoTryIt));
  }
  if (request.path == "/loglevel" && !reads) return SetLogLevel(request);
  if (request.path == "/drain") return reads ? WrongMethod("POST") : Drain();
  if (!reads) return WrongMethod("GET");
  if (request.path == "/metrics") return Metrics(request);
  if (request.path == "/reasons") return JsonPage(ReasonsJson());
  if (request.path == "/statusz" || request.path == "/calls") {
    if (!has_token && !AsksForAnAddress(request)) return NeedsAnAddress();
    return request.path == "/calls" ? Calls(request) : JsonPage(sources_.status());
  }
  if (request.path == "/loglevel" && sources_.log) {
    return Text(200, absl::StrCat(telemetry::LogLevelName(sources_.log->level()), "\n"));
  }
  return Text(404, absl::StrCat("There is no such page. What there is:\n\n", kIndex));
}

HttpResponse Pages::Calls(const HttpRequest& request) const {
  std::optional<std::string> calls = sources_.calls(request.query);
  return calls ? JsonPage(*std::move(calls)) : Text(404, "No calls are kept: admin.recent_calls is 0.\n");
}

HttpResponse Pages::Livez() const {
  const std::string stuck = sources_.stuck();
  return stuck.empty() ? Text(200, "ok\n") : Text(503, absl::StrCat("stuck: ", stuck, "\n"));
}

// As Kubernetes' own /readyz?verbose writes it.
HttpResponse Pages::Readyz() const {
  const Readiness readiness = sources_.readiness();
  std::string body;
  for (const auto& [part, state] : readiness.parts) {
    absl::StrAppend(&body, state == "ok" ? "[+]" : "[-]", part, " ", state, "\n");
  }
  absl::StrAppend(&body, readiness.is_ready ? "ready\n" : "not ready\n");
  return Text(readiness.is_ready ? 200 : 503, std::move(body));
}

HttpResponse Pages::Metrics(const HttpRequest& request) const {
  const auto accept = request.headers.find("accept");
  const auto exposition =
      telemetry::ExpositionFor(accept == request.headers.end() ? absl::string_view() : accept->second);
  return {.content_type = std::string(telemetry::ContentTypeOf(exposition)),
          .body = telemetry::WriteMetrics(sources_.metrics(), exposition)};
}

HttpResponse Pages::SetLogLevel(const HttpRequest& request) const {
  const auto wished = request.query.find("level");
  const std::string name = wished == request.query.end() ? "" : wished->second;
  const telemetry::LogLevel level = telemetry::LogLevelFromName(name);
  if (!IsKnown(level, name) || sources_.log == nullptr) {
    return Text(400, "level must be debug, info, warning or error: POST /loglevel?level=debug\n");
  }
  sources_.log->SetLevel(level);
  sources_.log->Log(telemetry::LogLevel::kWarning, "log level changed on the admin port", {{"to", name}});
  return Text(200, absl::StrCat(name, "\n"));
}

HttpResponse Pages::Drain() const {
  if (!sources_.drain) return Text(404, "This gateway cannot be asked to drain.\n");
  sources_.drain();
  return Text(202, "The gateway drains and then ends.\n");
}

}  // namespace interaction::admin
