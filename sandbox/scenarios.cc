#include "sandbox/scenarios.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "sandbox/scenes.h"

namespace interaction::sandbox {
namespace {

constexpr absl::string_view kApplied = "applied";
constexpr absl::string_view kNotApplied = "not_applied";
constexpr absl::string_view kUnknown = "unknown";

// clang-format off
constexpr Scenario kScenarios[] = {
    // Time and transport.
    {"slow-<ms>", Cast::kBoth, "answers as usual after that many milliseconds",
     "OK", "", kApplied, scenes::Slow},
    {"timeout", Cast::kBoth, "says nothing for 60 seconds, then answers as usual",
     "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", kUnknown, scenes::Timeout},
    {"drip", Cast::kBoth, "sends the body one byte a second",
     "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", kUnknown, scenes::Delivered<Delivery::kDripped>},
    {"close", Cast::kBoth, "reads the request, closes the connection",
     "UNKNOWN", "UPSTREAM_CONNECTION_LOST", kUnknown, scenes::Delivered<Delivery::kClosed>},
    {"reset", Cast::kBoth, "reads the request, resets the connection",
     "UNKNOWN", "UPSTREAM_CONNECTION_LOST", kUnknown, scenes::Delivered<Delivery::kReset>},
    {"truncated", Cast::kBoth, "closes the connection after half of the body",
     "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::Delivered<Delivery::kTruncated>},
    {"reset-midway", Cast::kBoth, "resets the connection after half of the body",
     "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::Delivered<Delivery::kResetMidway>},
    {"bad-chunk", Cast::kBoth, "sends a chunk whose size is no number",
     "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::BadChunk},
    {"header-cut", Cast::kBoth, "closes the connection after the status line",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::HeaderCut},
    {"garbage", Cast::kBoth, "sends bytes that are not HTTP",
     "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::Garbage},
    {"bad-version", Cast::kBoth, "answers with HTTP/7.3",
     "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::BadVersion},
    {"bad-header", Cast::kBoth, "sends a header with a NUL in it",
     "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::BadHeader},
    {"huge-header", Cast::kBoth, "sends a header of 400 KiB",
     "UNKNOWN", "UPSTREAM_RESPONSE_TOO_LARGE", kUnknown, scenes::HugeHeader},
    {"oversized", Cast::kBoth, "sends a well-formed body of 2 MiB",
     "UNKNOWN", "UPSTREAM_RESPONSE_TOO_LARGE", kUnknown, scenes::Oversized},

    // A success with a body that is not what was promised.
    {"empty", Cast::kBoth, "success without a body",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Empty},
    {"no-content", Cast::kBoth, "204",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::NoContent},
    {"html", Cast::kBoth, "200 with an HTML page",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::HtmlPage},
    {"malformed", Cast::kBoth, "success, the body ends in the middle",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Malformed},
    {"wrong-shape", Cast::kBoth, "success, the body is an array or another element",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::WrongShape},
    {"null", Cast::kBoth, "success, the body is null",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Null},
    {"bom", Cast::kBoth, "success, a byte order mark before the body",
     "OK", "", kApplied, scenes::ByteOrderMark},

    // HTTP statuses.
    {"status-<n>", Cast::kBoth, "answers with HTTP status n, 100 to 999, in the vendor's words",
     "by status", "by status", "by status", scenes::Status},
    {"redirect", Cast::kBoth, "302 to another host",
     "FAILED_PRECONDITION", "UPSTREAM_REDIRECT", kNotApplied, scenes::Redirect},
    {"see-other", Cast::kBoth, "303 to another host",
     "UNKNOWN", "UPSTREAM_REDIRECT", kUnknown, scenes::SeeOther},
    {"unauthorized", Cast::kBoth, "401",
     "UNAUTHENTICATED", "UPSTREAM_CREDENTIALS_REJECTED", kNotApplied, scenes::Unauthorized},
    {"forbidden", Cast::kBoth, "403 for a reason of its own",
     "PERMISSION_DENIED", "UPSTREAM_PERMISSION_DENIED", kNotApplied, scenes::Forbidden},
    {"not-found", Cast::kBoth, "404: no such account or routing point",
     "NOT_FOUND", "UPSTREAM_NOT_FOUND", kNotApplied, scenes::NotFound},
    {"html-404", Cast::kBoth, "404 with an HTML page",
     "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, scenes::HtmlNotFound},
    {"conflict", Cast::kBoth, "409",
     "ABORTED", "UPSTREAM_CONFLICT", kNotApplied, scenes::Conflict},
    {"duplicate", Cast::kBoth, "409 that says duplicate",
     "ALREADY_EXISTS", "UPSTREAM_CONFLICT", kNotApplied, scenes::Duplicate},
    {"too-large", Cast::kBoth, "413",
     "INVALID_ARGUMENT", "UPSTREAM_PAYLOAD_TOO_LARGE", kNotApplied, scenes::TooLarge},
    {"rate-limited", Cast::kBoth, "429 with Retry-After: 7",
     "RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", kNotApplied, scenes::RateLimited},
    {"unavailable", Cast::kBoth, "503 with an HTML page and Retry-After: 3",
     "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", kNotApplied, scenes::Unavailable},
    {"internal-error", Cast::kBoth, "500",
     "UNKNOWN", "UPSTREAM_INTERNAL_ERROR", kUnknown, scenes::InternalError},
    {"bad-gateway", Cast::kBoth, "502 with an HTML page",
     "UNKNOWN", "UPSTREAM_BAD_GATEWAY", kUnknown, scenes::BadGateway},
    {"gateway-timeout", Cast::kBoth, "504 with an HTML page",
     "DEADLINE_EXCEEDED", "UPSTREAM_GATEWAY_TIMEOUT", kUnknown, scenes::GatewayTimeout},

    // SeeThePro.
    {"json", Cast::kSeeThePro, "answers in JSON, whatever was asked for",
     "OK", "", kApplied, scenes::InJson},
    {"xml", Cast::kSeeThePro, "answers in XML, whatever was asked for",
     "OK", "", kApplied, scenes::InXml},
    {"null-campaign", Cast::kSeeThePro, "CampaignKey is null",
     "OK", "", kApplied, scenes::NullCampaign},
    {"null-id", Cast::kSeeThePro, "InteractionId is null",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::NullId},
    {"unknown-members", Cast::kSeeThePro, "answers with more members than the page has",
     "OK", "", kApplied, scenes::UnknownMembers},
    {"model-state", Cast::kSeeThePro, "400 with a ModelState",
     "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, scenes::InvalidModel},
    {"model-state-xml", Cast::kSeeThePro, "400 with a ModelState, in XML",
     "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, scenes::InvalidModelXml},
    {"validation-problem", Cast::kSeeThePro, "400 with the errors of ASP.NET Core, application/problem+json",
     "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, scenes::ValidationProblem},
    {"no-resource", Cast::kSeeThePro, "the framework's 404: a wrong base URL",
     "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, scenes::NoResource},
    {"unsupported-media-type", Cast::kSeeThePro, "415",
     "INTERNAL", "UPSTREAM_CONTRACT_MISMATCH", kNotApplied, scenes::UnsupportedMediaType},
    {"error-detail", Cast::kSeeThePro, "500 with exception and stack trace, which must not be passed on",
     "UNKNOWN", "UPSTREAM_INTERNAL_ERROR", kUnknown, scenes::ErrorDetail},

    // wolkvox.
    {"code-string", Cast::kWolkvox, "the code is a string, as always",
     "OK", "", kApplied, scenes::Usual},
    {"code-number", Cast::kWolkvox, "the code is a number",
     "OK", "", kApplied, scenes::CodeNumber},
    {"code-missing", Cast::kWolkvox, "there is no code",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::CodeMissing},
    {"code-odd", Cast::kWolkvox, "the code is no number",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::CodeOdd},
    {"in-band-<n>", Cast::kWolkvox, "code n, 100 to 999, under HTTP 200",
     "by code", "by code", "by code", scenes::InBand},
    {"unknown-api", Cast::kWolkvox, "400 THE API YOU WANT TO CONSULT DOES NOT EXIST",
     "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, scenes::UnknownApi},
    {"parameters-required", Cast::kWolkvox, "400 SOME PARAMETERS ARE REQUIRED",
     "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, scenes::ParametersRequired},
    {"invalid-token", Cast::kWolkvox, "403 PLEASE VALIDATE TOKEN",
     "PERMISSION_DENIED", "UPSTREAM_PERMISSION_DENIED", kNotApplied, scenes::InvalidToken},
    {"token-limit", Cast::kWolkvox, "403 TOKEN LIMIT EXCEEDED: the uses of the day are gone",
     "RESOURCE_EXHAUSTED", "UPSTREAM_DAILY_QUOTA", kNotApplied, scenes::TokenLimit},
    {"simultaneous", Cast::kWolkvox, "403 EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN",
     "RESOURCE_EXHAUSTED", "UPSTREAM_CONCURRENCY_LIMIT", kNotApplied, scenes::Simultaneous},
    {"maintenance", Cast::kWolkvox, "403 during a backup",
     "UNAVAILABLE", "UPSTREAM_MAINTENANCE", kNotApplied, scenes::Maintenance},
    {"contradictory", Cast::kWolkvox, "code 201 under HTTP 500",
     "UNKNOWN", "UPSTREAM_CONTRADICTORY", kUnknown, scenes::Contradictory},
    {"success-with-error", Cast::kWolkvox, "code 201 with an error text",
     "UNKNOWN", "UPSTREAM_CONTRADICTORY", kUnknown, scenes::SuccessWithError},
    {"php-warning", Cast::kWolkvox, "a PHP warning before the JSON",
     "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::PhpWarning},
    {"leading-blanks", Cast::kWolkvox, "blanks and empty lines before the JSON",
     "OK", "", kApplied, scenes::LeadingBlanks},
};
// clang-format on

bool Performs(Cast cast, Vendor vendor) {
  return cast == Cast::kBoth || cast == (vendor == Vendor::kSeeThePro ? Cast::kSeeThePro : Cast::kWolkvox);
}

absl::string_view CastName(Cast cast) {
  if (cast == Cast::kBoth) return "both";
  return VendorName(cast == Cast::kSeeThePro ? Vendor::kSeeThePro : Vendor::kWolkvox);
}

// The smallest and largest number that the name of a scenario can stand for.
std::pair<int, int> Range(absl::string_view placeholder) {
  if (placeholder == "<ms>") return {0, 600'000};
  return {100, 999};
}

// "status-503" is "status-<n>" with 503; other names must be equal, and have the number 0.
std::optional<int> MatchName(absl::string_view pattern, absl::string_view name) {
  const size_t placeholder = pattern.find('<');
  if (placeholder == absl::string_view::npos) return name == pattern ? std::optional<int>(0) : std::nullopt;
  int number;
  if (!absl::ConsumePrefix(&name, pattern.substr(0, placeholder)) || !absl::SimpleAtoi(name, &number)) {
    return std::nullopt;
  }
  const auto [smallest, largest] = Range(pattern.substr(placeholder));
  return number >= smallest && number <= largest ? std::optional<int>(number) : std::nullopt;
}

struct Match {
  const Scenario* scenario;
  int number;
};

absl::StatusOr<Match> FindScenario(absl::string_view name, Vendor vendor) {
  for (const Scenario& scenario : kScenarios) {
    if (!Performs(scenario.cast, vendor)) continue;
    if (const auto number = MatchName(scenario.name, name)) return Match{&scenario, *number};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the sandbox has no scenario '", name, "' for ", VendorName(vendor), ": see --list-scenarios"));
}

// "RESOURCE_EXHAUSTED UPSTREAM_DAILY_QUOTA, not_applied"
std::string Sees(const Scenario& scenario) {
  if (scenario.reason.empty()) return std::string(scenario.code);
  if (scenario.code == scenario.reason) return std::string(scenario.code);
  return absl::StrCat(scenario.code, " ", scenario.reason, ", ", scenario.outcome);
}

}  // namespace

absl::Span<const Scenario> Scenarios() { return kScenarios; }

absl::StatusOr<Reply> Play(absl::string_view name, Stage stage) {
  const absl::StatusOr<Match> match = FindScenario(name, stage.vendor);
  if (!match.ok()) return match.status();
  stage.number = match->number;
  return match->scenario->play(std::move(stage));
}

absl::Status CheckScenario(absl::string_view name, Vendor vendor) { return FindScenario(name, vendor).status(); }

std::string ScenarioTable() {
  size_t name_width = 0;
  size_t plays_width = 0;
  for (const Scenario& scenario : kScenarios) {
    name_width = std::max(name_width, scenario.name.size());
    plays_width = std::max(plays_width, scenario.plays.size());
  }
  const auto line = [&](absl::string_view name, absl::string_view cast, absl::string_view plays,
                        absl::string_view sees) {
    return absl::StrFormat("%-*s  %-9s  %-*s  %s\n", name_width, name, cast, plays_width, plays, sees);
  };
  std::string table = line("SCENARIO", "VENDOR", "THE UPSTREAM", "THE CALLER OF THE GATEWAY SEES");
  for (const Scenario& scenario : kScenarios) {
    absl::StrAppend(&table, line(scenario.name, CastName(scenario.cast), scenario.plays, Sees(scenario)));
  }
  return table;
}

std::string ScenarioTableMarkdown() {
  std::string table = "| scenario | vendor | the upstream | the caller of the gateway sees |\n|---|---|---|---|\n";
  for (const Scenario& scenario : kScenarios) {
    absl::StrAppend(&table, "| `", scenario.name, "` | ", CastName(scenario.cast), " | ", scenario.plays, " | ",
                    Sees(scenario), " |\n");
  }
  return table;
}

}  // namespace interaction::sandbox
