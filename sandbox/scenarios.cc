#include "sandbox/scenarios.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "sandbox/scenes.h"

namespace interaction::sandbox {
namespace {

// clang-format off
const std::vector<Scenario>& CommonTable() {
  static const auto& table = *new std::vector<Scenario>{
      // Time and transport.
      {"slow-<ms>", "answers as usual after that many milliseconds",
       "OK", "", kApplied, scenes::Slow},
      {"timeout", "says nothing for 60 seconds, then answers as usual",
       "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", kUnknown, scenes::Timeout},
      {"drip", "sends the body one byte a second",
       "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", kUnknown, scenes::Delivered<Delivery::kDripped>},
      {"close", "reads the request, closes the connection",
       "UNKNOWN", "UPSTREAM_CONNECTION_LOST", kUnknown, scenes::Delivered<Delivery::kClosed>},
      {"reset", "reads the request, resets the connection",
       "UNKNOWN", "UPSTREAM_CONNECTION_LOST", kUnknown, scenes::Delivered<Delivery::kReset>},
      {"truncated", "closes the connection after half of the body",
       "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::Delivered<Delivery::kTruncated>},
      {"reset-midway", "resets the connection after half of the body",
       "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::Delivered<Delivery::kResetMidway>},
      {"bad-chunk", "sends a chunk whose size is no number",
       "UNKNOWN", "UPSTREAM_TRUNCATED", kUnknown, scenes::BadChunk},
      {"header-cut", "closes the connection after the status line",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::HeaderCut},
      {"garbage", "sends bytes that are not HTTP",
       "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::Garbage},
      {"bad-version", "answers with HTTP/7.3",
       "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::BadVersion},
      {"bad-header", "sends a header with a NUL in it",
       "UNKNOWN", "UPSTREAM_PROTOCOL_ERROR", kUnknown, scenes::BadHeader},
      {"huge-header", "sends a header of 400 KiB",
       "UNKNOWN", "UPSTREAM_RESPONSE_TOO_LARGE", kUnknown, scenes::HugeHeader},
      {"oversized", "sends a well-formed body of 2 MiB",
       "UNKNOWN", "UPSTREAM_RESPONSE_TOO_LARGE", kUnknown, scenes::Oversized},

      // A success with a body that is not what was promised.
      {"empty", "success without a body",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Empty},
      {"no-content", "204",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::NoContent},
      {"html", "200 with an HTML page",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::HtmlPage},
      {"malformed", "success, the body ends in the middle",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Malformed},
      {"wrong-shape", "success, the body is an array or another element",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::WrongShape},
      {"null", "success, the body is null",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, scenes::Null},
      {"bom", "success, a byte order mark before the body",
       "OK", "", kApplied, scenes::ByteOrderMark},

      // HTTP statuses.
      {"status-<n>", "answers with HTTP status n, 100 to 999, in the vendor's words",
       "by status", "by status", "by status", scenes::Status},
      {"redirect", "302 to another host",
       "FAILED_PRECONDITION", "UPSTREAM_REDIRECT", kNotApplied, scenes::Redirect},
      {"see-other", "303 to another host",
       "UNKNOWN", "UPSTREAM_REDIRECT", kUnknown, scenes::SeeOther},
      {"unauthorized", "401",
       "UNAUTHENTICATED", "UPSTREAM_CREDENTIALS_REJECTED", kNotApplied, scenes::Unauthorized},
      {"forbidden", "403 for a reason of its own",
       "PERMISSION_DENIED", "UPSTREAM_PERMISSION_DENIED", kNotApplied, scenes::Forbidden},
      {"not-found", "404: no such account or routing point",
       "NOT_FOUND", "UPSTREAM_NOT_FOUND", kNotApplied, scenes::NotFound},
      {"html-404", "404 with an HTML page",
       "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, scenes::HtmlNotFound},
      {"conflict", "409",
       "ABORTED", "UPSTREAM_CONFLICT", kNotApplied, scenes::Conflict},
      {"duplicate", "409 that says duplicate",
       "ALREADY_EXISTS", "UPSTREAM_CONFLICT", kNotApplied, scenes::Duplicate},
      {"too-large", "413",
       "INVALID_ARGUMENT", "UPSTREAM_PAYLOAD_TOO_LARGE", kNotApplied, scenes::TooLarge},
      {"rate-limited", "429 with Retry-After: 7",
       "RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", kNotApplied, scenes::RateLimited},
      {"unavailable", "503 with an HTML page and Retry-After: 3",
       "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", kNotApplied, scenes::Unavailable},
      {"internal-error", "500",
       "UNKNOWN", "UPSTREAM_INTERNAL_ERROR", kUnknown, scenes::InternalError},
      {"bad-gateway", "502 with an HTML page",
       "UNKNOWN", "UPSTREAM_BAD_GATEWAY", kUnknown, scenes::BadGateway},
      {"gateway-timeout", "504 with an HTML page",
       "DEADLINE_EXCEEDED", "UPSTREAM_GATEWAY_TIMEOUT", kUnknown, scenes::GatewayTimeout},
  };
  return table;
}
// clang-format on

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

std::optional<Match> FindIn(absl::Span<const Scenario> scenarios, absl::string_view name) {
  for (const Scenario& scenario : scenarios) {
    if (const auto number = MatchName(scenario.name, name)) return Match{&scenario, *number};
  }
  return std::nullopt;
}

absl::StatusOr<Match> FindScenario(absl::string_view name, const Vendor& vendor) {
  if (const auto common = FindIn(CommonTable(), name)) return *common;
  if (const auto own = FindIn(vendor.OwnScenarios(), name)) return *own;
  return absl::InvalidArgumentError(
      absl::StrCat("the sandbox has no scenario '", name, "' for ", vendor.Name(), ": see --list-scenarios"));
}

// "RESOURCE_EXHAUSTED UPSTREAM_DAILY_QUOTA, not_applied"
std::string Sees(const Scenario& scenario) {
  if (scenario.reason.empty()) return std::string(scenario.code);
  if (scenario.code == scenario.reason) return std::string(scenario.code);
  return absl::StrCat(scenario.code, " ", scenario.reason, ", ", scenario.outcome);
}

}  // namespace

absl::Span<const Scenario> CommonScenarios() { return CommonTable(); }

std::vector<ListedScenario> ListScenarios(const Vendors& vendors) {
  std::vector<ListedScenario> list;
  for (const Scenario& scenario : CommonTable()) list.push_back({&scenario, vendors.All(), Vendors::kAll});
  for (const Vendor* vendor : vendors.All()) {
    for (const Scenario& scenario : vendor->OwnScenarios()) list.push_back({&scenario, {vendor}, vendor->Name()});
  }
  return list;
}

absl::StatusOr<Reply> Play(absl::string_view name, Stage stage) {
  const absl::StatusOr<Match> match = FindScenario(name, stage.vendor);
  if (!match.ok()) return match.status();
  stage.number = match->number;
  return match->scenario->play(std::move(stage));
}

absl::Status CheckScenario(absl::string_view name, const Vendor& vendor) { return FindScenario(name, vendor).status(); }

std::string ScenarioTable(const Vendors& vendors) {
  const std::vector<ListedScenario> list = ListScenarios(vendors);
  size_t name_width = 0;
  size_t plays_width = 0;
  for (const auto& [scenario, players, who] : list) {
    name_width = std::max(name_width, scenario->name.size());
    plays_width = std::max(plays_width, scenario->plays.size());
  }
  const auto line = [&](absl::string_view name, absl::string_view who, absl::string_view plays,
                        absl::string_view sees) {
    return absl::StrFormat("%-*s  %-9s  %-*s  %s\n", name_width, name, who, plays_width, plays, sees);
  };
  std::string table = line("SCENARIO", "VENDOR", "THE UPSTREAM", "THE CALLER OF THE GATEWAY SEES");
  for (const auto& [scenario, players, who] : list) {
    absl::StrAppend(&table, line(scenario->name, who, scenario->plays, Sees(*scenario)));
  }
  return table;
}

std::string ScenarioTableMarkdown(const Vendors& vendors) {
  std::string table = "| scenario | vendor | the upstream | the caller of the gateway sees |\n|---|---|---|---|\n";
  for (const auto& [scenario, players, who] : ListScenarios(vendors)) {
    absl::StrAppend(&table, "| `", scenario->name, "` | ", who, " | ", scenario->plays, " | ", Sees(*scenario), " |\n");
  }
  return table;
}

}  // namespace interaction::sandbox
