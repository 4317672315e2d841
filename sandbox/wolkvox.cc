#include "sandbox/wolkvox.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace interaction::sandbox::wolkvox {
namespace {

using Json = nlohmann::ordered_json;

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

// The verdict on the credentials, none if they are good.
std::optional<Reply> CheckToken(const Request& request, int simultaneous, const Options& options) {
  const std::string token = TokenOf(request);
  if (token.empty()) return Say(options, 401, "UNAUTHORIZED", "PLEASE ENTER THE WOLKVOX-TOKEN");
  if (token == kInvalidToken || (options.require_server_header && !request.Find("wolkvox_server"))) {
    return Say(options, 403, "FORBIDDEN", "PLEASE VALIDATE TOKEN");
  }
  if (token == kExhaustedToken) return Say(options, 403, "FORBIDDEN", "TOKEN LIMIT EXCEEDED");
  if (token == kBusyToken || simultaneous > options.simultaneous) {
    return Say(options, 403, "FORBIDDEN",
               absl::StrCat("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (", options.simultaneous, ")"));
  }
  return std::nullopt;
}

}  // namespace

std::string TokenOf(const Request& request) { return std::string(request.Find("wolkvox-token").value_or("")); }

Reply SayVerbatim(const Options& options, int code, std::string body) {
  Reply reply{.status = options.mirror_status ? code : 200, .body = std::move(body)};
  reply.Set("Content-Type", "application/json");
  if (options.close) reply.Set("Connection", "close");
  return reply;
}

Reply Say(const Options& options, int code, const std::optional<std::string>& error, absl::string_view message) {
  const Json json = {
      {"code", std::to_string(code)}, {"error", error ? Json(*error) : Json(nullptr)}, {"msg", std::string(message)}};
  return SayVerbatim(options, code, PhpJson(json));
}

std::string AssignedMessage(absl::string_view routing_point) {
  return absl::StrCat(routing_point, " routing point was executed and assigned to agent (No\xC3\xABl N/1042) ");
}

Reply Answer(const Request& request, int simultaneous, const Options& options) {
  if (request.Path() != kPath || request.Parameter("api") != "add_interaction") {
    return Say(options, 400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST");
  }
  if (request.method != "POST") return Say(options, 405, "METHOD NOT ALLOWED", "USE POST");
  if (std::optional<Reply> refused = CheckToken(request, simultaneous, options)) return *std::move(refused);

  // PHP does not look at Content-Type, and json_decode makes null of anything that is not JSON.
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!IsComplete(body)) return Say(options, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED");

  const std::string& routing_point = body["rp_id"].get_ref<const std::string&>();
  Reply reply = Say(options, 201, std::nullopt, AssignedMessage(routing_point));
  absl::string_view scenario = routing_point;
  if (absl::ConsumePrefix(&scenario, "sandbox:")) reply.scenario = std::string(scenario);
  return reply;
}

}  // namespace interaction::sandbox::wolkvox
