#include "sandbox/sandbox.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sandbox/scenarios.h"

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

std::string TokenOf(const Request& request, const Vendor& vendor) {
  if (vendor.TokenHeader().empty()) return "";
  return std::string(request.Find(vendor.TokenHeader()).value_or(""));
}

Reply PlayOrRefuse(absl::string_view name, const Stage& stage) {
  absl::StatusOr<Reply> reply = Play(name, stage);
  return reply.ok() ? *std::move(reply) : stage.vendor.RefuseScenario(stage.request, reply.status().message());
}

}  // namespace

Visit::Visit(Sandbox* sandbox, const Vendor* vendor, std::string token, Reply reply)
    : sandbox_(sandbox), vendor_(vendor), token_(std::move(token)), reply_(std::move(reply)) {}

Visit::~Visit() {
  if (vendor_ != nullptr) sandbox_->ledger().Depart(*vendor_, token_, reply_.status);
}

Sandbox::Sandbox(Vendors vendors, SandboxOptions options)
    : vendors_(std::move(vendors)),
      options_(std::move(options)),
      ledger_(vendors_, options_.keep_requests),
      faults_(vendors_) {}

std::unique_ptr<Visit> Sandbox::Arrive(Request request) {
  const absl::string_view path = request.Path();
  if (absl::StartsWith(path, kControl)) return std::make_unique<Visit>(this, nullptr, "", Control(request));
  const Vendor* const vendor = vendors_.ForPath(path);
  if (vendor == nullptr) return std::make_unique<Visit>(this, nullptr, "", Problem(404, "no vendor has this path"));
  return ArriveAt(*vendor, std::move(request));
}

std::unique_ptr<Visit> Sandbox::ArriveAt(const Vendor& vendor, Request request) {
  std::string token = TokenOf(request, vendor);
  const int simultaneous = ledger_.Arrive(vendor, token);
  Reply reply = AnswerFor(vendor, request, simultaneous);
  reply.delay += vendor.Delay(simultaneous);
  Log(vendor, request, reply);
  ledger_.Keep(vendor, std::move(request), reply);
  return std::make_unique<Visit>(this, &vendor, std::move(token), std::move(reply));
}

Reply Sandbox::AnswerFor(const Vendor& vendor, const Request& request, int simultaneous) {
  const uint64_t serial = ++serial_;
  Stage stage{.vendor = vendor,
              .request = request,
              .usual = vendor.Answer(request, serial, simultaneous),
              .serial = serial,
              .number = 0};
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
    const absl::StatusOr<FaultOrder> order = ParseFaultOrder(request.body, vendors_);
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

void Sandbox::Log(const Vendor& vendor, const Request& request, const Reply& reply) const {
  if (!options_.log) return;
  // The path and nothing behind it: a query could hold a token.
  const bool has_token = std::any_of(request.headers.begin(), request.headers.end(),
                                     [&](const Header& header) { return vendors_.IsTokenHeader(header.name); });
  options_.log(absl::StrCat(vendor.Name(), " ", request.method, " ", request.Path(), " ", request.body.size(),
                            " bytes on connection ", request.connection, has_token ? " token=***" : "", ": ",
                            reply.status, " after ", absl::FormatDuration(reply.delay),
                            reply.scenario.empty() ? "" : absl::StrCat(", scenario ", reply.scenario)));
}

}  // namespace interaction::sandbox
