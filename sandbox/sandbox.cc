#include "sandbox/sandbox.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sandbox/scenarios.h"
#include "sandbox/seethepro.h"

namespace interaction::sandbox {
namespace {

constexpr absl::string_view kControl = "/sandbox/";

Reply JsonReply(int status, std::string json) {
  Reply reply{.status = status, .body = absl::StrCat(json, "\n")};
  reply.Set("Content-Type", "application/json");
  return reply;
}

Reply Problem(int status, absl::string_view text) {
  return JsonReply(status, nlohmann::json{{"error", std::string(text)}}.dump(-1, ' ', false,
                                                                             nlohmann::json::error_handler_t::replace));
}

// A scenario that does not exist is the request's fault, told in the vendor's own words.
Reply NoSuchScenario(const Stage& stage, absl::string_view text) {
  if (stage.vendor == Vendor::kWolkvox) return wolkvox::Say(stage.options, 400, "BAD REQUEST", text);
  return seethepro::Failure(seethepro::Negotiate(stage.request), 400, "The request is invalid.",
                            {{"model.InteractionName", {std::string(text)}}});
}

Reply PlayOrRefuse(absl::string_view name, const Stage& stage) {
  absl::StatusOr<Reply> reply = Play(name, stage);
  return reply.ok() ? *std::move(reply) : NoSuchScenario(stage, reply.status().message());
}

}  // namespace

Visit::Visit(Sandbox* sandbox, std::optional<Vendor> vendor, std::string token, Reply reply)
    : sandbox_(sandbox), vendor_(vendor), token_(std::move(token)), reply_(std::move(reply)) {}

Visit::~Visit() {
  if (vendor_) sandbox_->ledger().Depart(*vendor_, token_, reply_.status);
}

Sandbox::Sandbox(SandboxOptions options) : options_(std::move(options)), ledger_(options_.keep_requests) {}

std::unique_ptr<Visit> Sandbox::Arrive(Request request) {
  const absl::string_view path = request.Path();
  if (absl::StartsWith(path, kControl)) return std::make_unique<Visit>(this, std::nullopt, "", Control(request));
  const Vendor vendor = absl::StartsWith(path, "/api/v2/") ? Vendor::kWolkvox : Vendor::kSeeThePro;
  return ArriveAt(vendor, std::move(request));
}

std::unique_ptr<Visit> Sandbox::ArriveAt(Vendor vendor, Request request) {
  std::string token = vendor == Vendor::kWolkvox ? wolkvox::TokenOf(request) : "";
  const int simultaneous = ledger_.Arrive(vendor, token);
  Reply reply = AnswerFor(vendor, request, simultaneous);
  // Who counts too many does so at once.
  if (vendor == Vendor::kSeeThePro) reply.delay += options_.seethepro_delay;
  if (vendor == Vendor::kWolkvox && simultaneous <= options_.wolkvox.simultaneous)
    reply.delay += options_.wolkvox_delay;
  Log(vendor, request, reply);
  ledger_.Keep(vendor, std::move(request), reply);
  return std::make_unique<Visit>(this, vendor, std::move(token), std::move(reply));
}

Reply Sandbox::AnswerFor(Vendor vendor, const Request& request, int simultaneous) {
  const uint64_t serial = ++serial_;
  Stage stage{.vendor = vendor, .request = request, .serial = serial, .number = 0, .options = options_.wolkvox};
  stage.usual = vendor == Vendor::kWolkvox ? wolkvox::Answer(request, simultaneous, options_.wolkvox)
                                           : seethepro::Answer(request, serial);
  std::string played = std::exchange(stage.usual.scenario, "");
  if (!played.empty()) stage.usual = PlayOrRefuse(played, stage);

  const Fault fault = faults_.Take(vendor);
  for (const std::string& scenario : fault.scenarios) {
    stage.usual = PlayOrRefuse(scenario, stage);
    absl::StrAppend(&played, played.empty() ? "" : " ", scenario);
  }
  stage.usual.delay += fault.delay;
  stage.usual.scenario = std::move(played);
  return std::move(stage.usual);
}

Reply Sandbox::Control(const Request& request) {
  const std::string resource = absl::StrCat(request.method, " ", request.Path());
  if (resource == "GET /sandbox/stats") return JsonReply(200, ledger_.StatsJson());
  if (resource == "DELETE /sandbox/stats") {
    ledger_.ResetStats();
    return {.status = 204};
  }
  if (resource == "GET /sandbox/requests") {
    size_t last = 100;
    const auto given = request.Parameter("last");
    if (given && !absl::SimpleAtoi(*given, &last)) return Problem(400, "last must be a number");
    return JsonReply(200, ledger_.RequestsJson(last, options_.show_secrets));
  }
  if (resource == "DELETE /sandbox/requests") {
    ledger_.ForgetRequests();
    return {.status = 204};
  }
  if (resource == "GET /sandbox/faults") return JsonReply(200, faults_.ToJson());
  if (resource == "POST /sandbox/faults") {
    const absl::StatusOr<FaultOrder> order = ParseFaultOrder(request.body);
    if (!order.ok()) return Problem(400, order.status().message());
    faults_.Set(*order);
    return JsonReply(200, faults_.ToJson());
  }
  if (resource == "DELETE /sandbox/faults") {
    faults_.Clear();
    return {.status = 204};
  }
  return Problem(404,
                 "there are GET and DELETE of /sandbox/stats, /sandbox/requests?last=N and /sandbox/faults, and POST "
                 "/sandbox/faults");
}

void Sandbox::Log(Vendor vendor, const Request& request, const Reply& reply) const {
  if (!options_.log) return;
  // The path and nothing behind it: a query could hold a token.
  const absl::string_view credential = request.Find("wolkvox-token") ? " token=***" : "";
  options_.log(absl::StrCat(VendorName(vendor), " ", request.method, " ", request.Path(), " ", request.body.size(),
                            " bytes on connection ", request.connection, credential, ": ", reply.status, " after ",
                            absl::FormatDuration(reply.delay),
                            reply.scenario.empty() ? "" : absl::StrCat(", scenario ", reply.scenario)));
}

}  // namespace interaction::sandbox
