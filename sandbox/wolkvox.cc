#include "sandbox/wolkvox.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace interaction::sandbox::wolkvox {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kBadRequest[] = "BAD REQUEST";
constexpr char kForbidden[] = "FORBIDDEN";
constexpr char kUnknownApi[] = "THE API YOU WANT TO CONSULT DOES NOT EXIST";
constexpr char kIncomplete[] = "SOME PARAMETERS ARE REQUIRED";
constexpr char kNotValid[] = "PLEASE VALIDATE TOKEN";
constexpr char kUsedUp[] = "TOKEN LIMIT EXCEEDED";

std::string PhpJson(const Json& json) {
  // A slash can only stand within a string, so all of them can be escaped at once.
  return absl::StrReplaceAll(json.dump(-1, ' ', true, Json::error_handler_t::replace), {{"/", "\\/"}});
}

// The fields that must be there; those with `filled` must not be empty either. fromname and toname stand in the page's
// samples only.
struct Field {
  const char* name;
  bool filled;
};
constexpr Field kFields[] = {{"from", true}, {"to", true}, {"subject", false}, {"body", false}, {"rp_id", true}};

bool IsComplete(const Json& body) {
  if (!body.is_object()) return false;
  for (const Field& field : kFields) {
    const auto member = body.find(field.name);
    if (member == body.end() || !member->is_string()) return false;
    if (field.filled && member->get_ref<const std::string&>().empty()) return false;
  }
  return true;
}

// The text of success, with the blank at its end as on the page.
std::string AssignedMessage(absl::string_view routing_point) {
  return absl::StrCat(routing_point, " routing point was executed and assigned to agent (No\xC3\xABl N/1042) ");
}

std::string TooManyMessage(const Options& options) {
  return absl::StrCat("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (", options.simultaneous, ")");
}

// --- the scenarios of wolkvox alone ---

using Play = std::function<Reply(Stage)>;

// This answer, whatever the request.
Play Says(const Options& options, int code, const std::string& error, const std::string& message) {
  return [=](Stage) { return Say(options, code, error, message); };
}

Play Forbids(const Options& options, const std::string& message) { return Says(options, 403, kForbidden, message); }

Reply Usual(Stage stage) { return std::move(stage.usual); }

// The usual answer with something before its body.
Play Preceded(absl::string_view bytes) {
  return [=](Stage stage) {
    stage.usual.body = absl::StrCat(bytes, stage.usual.body);
    return std::move(stage.usual);
  };
}

// The usual answer with something else in the place of `"code":"201"`.
Play WithCode(absl::string_view code) {
  return [=](Stage stage) {
    stage.usual.body = absl::StrReplaceAll(stage.usual.body, {{R"("code":"201",)", code}});
    return std::move(stage.usual);
  };
}

// A verdict in the body that the HTTP status does not show.
Reply SayUnder(int http_status, const Options& options, int code, const std::optional<std::string>& error,
               absl::string_view message) {
  Reply reply = Say(options, code, error, message);
  reply.status = http_status;
  return reply;
}

Reply InBand(const Options& options, const Stage& stage) {
  if (stage.number / 100 == 2) return SayUnder(200, options, stage.number, std::nullopt, AssignedMessage("1"));
  return SayUnder(200, options, stage.number, absl::StrCat("ERROR ", stage.number),
                  "THE SANDBOX WAS ASKED FOR THIS CODE");
}

Reply Contradictory(const Options& options, const Stage&) {
  return SayUnder(500, options, 201, std::nullopt, AssignedMessage("1"));
}

constexpr absl::string_view kPhpWarning =
    "<br />\n<b>Warning</b>:  Undefined array key \"fromname\" in <b>configuration.php</b><br />\n";

// clang-format off
std::vector<Scenario> MakeScenarios(const Options& options) {
  return {
      {"code-string", "the code is a string, as always",
       "OK", "", kApplied, Usual},
      {"code-number", "the code is a number",
       "OK", "", kApplied, WithCode(R"("code":201,)")},
      {"code-missing", "there is no code",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, WithCode("")},
      {"code-odd", "the code is no number",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, WithCode(R"("code":"done",)")},
      {"in-band-<n>", "code n, 100 to 999, under HTTP 200",
       "by code", "by code", "by code", std::bind_front(InBand, options)},
      {"unknown-api", "400 THE API YOU WANT TO CONSULT DOES NOT EXIST",
       "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, Says(options, 400, kBadRequest, kUnknownApi)},
      {"parameters-required", "400 SOME PARAMETERS ARE REQUIRED",
       "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, Says(options, 400, kBadRequest, kIncomplete)},
      {"invalid-token", "403 PLEASE VALIDATE TOKEN",
       "PERMISSION_DENIED", "UPSTREAM_PERMISSION_DENIED", kNotApplied, Forbids(options, kNotValid)},
      {"token-limit", "403 TOKEN LIMIT EXCEEDED: the uses of the day are gone",
       "RESOURCE_EXHAUSTED", "UPSTREAM_DAILY_QUOTA", kNotApplied, Forbids(options, kUsedUp)},
      {"simultaneous", "403 EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN",
       "RESOURCE_EXHAUSTED", "UPSTREAM_CONCURRENCY_LIMIT", kNotApplied, Forbids(options, TooManyMessage(options))},
      {"maintenance", "403 during a backup",
       "UNAVAILABLE", "UPSTREAM_MAINTENANCE", kNotApplied,
       Forbids(options, "SERVER BACKUP IN PROGRESS, APIS ARE UNDER MAINTENANCE")},
      {"contradictory", "code 201 under HTTP 500",
       "UNKNOWN", "UPSTREAM_CONTRADICTORY", kUnknown, std::bind_front(Contradictory, options)},
      {"success-with-error", "code 201 with an error text",
       "UNKNOWN", "UPSTREAM_CONTRADICTORY", kUnknown, Says(options, 201, "AGENT NOT FOUND", AssignedMessage("1"))},
      {"php-warning", "a PHP warning before the JSON",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, Preceded(kPhpWarning)},
      {"leading-blanks", "blanks and empty lines before the JSON",
       "OK", "", kApplied, Preceded("\n\n \t")},
  };
}
// clang-format on

}  // namespace

Reply Say(const Options& options, int code, const std::optional<std::string>& error, absl::string_view message) {
  const Json json = {
      {"code", std::to_string(code)}, {"error", error ? Json(*error) : Json(nullptr)}, {"msg", std::string(message)}};
  Reply reply{.status = options.mirror_status ? code : 200, .body = PhpJson(json)};
  reply.Set("Content-Type", "application/json");
  if (options.close) reply.Set("Connection", "close");
  return reply;
}

Wolkvox::Wolkvox(Options options) : options_(options), scenarios_(MakeScenarios(options)) {}

absl::Duration Wolkvox::Delay(int simultaneous) const {
  // A caller with too many requests is told so at once.
  return simultaneous > options_.simultaneous ? absl::ZeroDuration() : options_.delay;
}

Reply Wolkvox::Refuse(const Request&, int status, absl::string_view error, absl::string_view text) const {
  return Say(options_, status, std::string(error), text);
}

Reply Wolkvox::RefuseCredential(const Request&) const {
  return Say(options_, 401, "UNAUTHORIZED", "PLEASE ENTER THE WOLKVOX-TOKEN");
}

std::optional<Reply> Wolkvox::CheckToken(const Request& request, int simultaneous) const {
  const absl::string_view token = request.Find(TokenHeader()).value_or("");
  if (token.empty()) return RefuseCredential(request);
  if (token == kInvalidToken || (options_.require_server_header && !request.Find("wolkvox_server"))) {
    return Say(options_, 403, kForbidden, kNotValid);
  }
  if (token == kExhaustedToken) return Say(options_, 403, kForbidden, kUsedUp);
  if (token == kBusyToken || simultaneous > options_.simultaneous) {
    return Say(options_, 403, kForbidden, TooManyMessage(options_));
  }
  return std::nullopt;
}

Reply Wolkvox::Answer(const Request& request, uint64_t, int simultaneous) const {
  if (request.Path() != kPath || request.Parameter("api") != "add_interaction") {
    return Say(options_, 400, kBadRequest, kUnknownApi);
  }
  if (request.method != "POST") return Say(options_, 405, "METHOD NOT ALLOWED", "USE POST");
  if (std::optional<Reply> refused = CheckToken(request, simultaneous)) return *std::move(refused);

  // PHP does not look at Content-Type, and json_decode makes null of anything that is not JSON.
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!IsComplete(body)) return Say(options_, 400, kBadRequest, kIncomplete);

  const std::string& routing_point = body["rp_id"].get_ref<const std::string&>();
  Reply reply = Say(options_, 201, std::nullopt, AssignedMessage(routing_point));
  absl::string_view scenario = routing_point;
  if (absl::ConsumePrefix(&scenario, "sandbox:")) reply.scenario = std::string(scenario);
  return reply;
}

}  // namespace interaction::sandbox::wolkvox
