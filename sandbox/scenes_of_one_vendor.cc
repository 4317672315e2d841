// The scenes that only one of the two vendors plays.
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sandbox/scenes.h"
#include "sandbox/seethepro.h"
#include "sandbox/wolkvox.h"

namespace interaction::sandbox::scenes {
namespace {

constexpr seethepro::Format kJson = seethepro::Format::kJson;
constexpr seethepro::Format kXml = seethepro::Format::kXml;

seethepro::Representation AsXml() { return {kXml, "application/xml"}; }

seethepro::ModelState SomeErrors() {
  return {{"model.AccountId", {"The account is closed.", "It may not be used."}},
          {"model.InteractionName", {"The InteractionName field is not valid here."}}};
}

// The usual answer with something else in the place of `"code":"201"`.
Reply WithCode(Stage stage, absl::string_view code) {
  stage.usual.body = absl::StrReplaceAll(stage.usual.body, {{R"("code":"201",)", code}});
  return std::move(stage.usual);
}

// A verdict in the body that the HTTP status does not show.
Reply SayUnder(int http_status, const Stage& stage, int code, const std::optional<std::string>& error,
               absl::string_view message) {
  Reply reply = wolkvox::Say(stage.options, code, error, message);
  reply.status = http_status;
  return reply;
}

Reply Forbid(const Stage& stage, absl::string_view message) {
  return wolkvox::Say(stage.options, 403, "FORBIDDEN", message);
}

}  // namespace

Reply InJson(Stage stage) {
  return seethepro::Success({kJson, "application/json"}, seethepro::MakeInteraction(stage.serial));
}

Reply InXml(Stage stage) { return seethepro::Success(AsXml(), seethepro::MakeInteraction(stage.serial)); }

Reply NullCampaign(Stage stage) {
  seethepro::Interaction interaction = seethepro::MakeInteraction(stage.serial);
  interaction.campaign_key = std::nullopt;
  return seethepro::Success(seethepro::Negotiate(stage.request), interaction);
}

Reply NullId(Stage stage) {
  seethepro::Interaction interaction = seethepro::MakeInteraction(stage.serial);
  interaction.id = std::nullopt;
  return seethepro::Success(seethepro::Negotiate(stage.request), interaction);
}

Reply UnknownMembers(Stage stage) {
  Reply reply = InJson(std::move(stage));
  reply.body.insert(1, R"("Version":{"Major":2,"Tags":["InteractionId",null]},"Score":1.5e3,)");
  return reply;
}

Reply InvalidModel(Stage stage) {
  return seethepro::Failure(seethepro::Negotiate(stage.request), 400, "The request is invalid.", SomeErrors());
}

Reply InvalidModelXml(Stage) { return seethepro::Failure(AsXml(), 400, "The request is invalid.", SomeErrors()); }

Reply ValidationProblem(Stage) {
  using Json = nlohmann::ordered_json;
  const Json json = {
      {"type", "https://tools.ietf.org/html/rfc9110#section-15.5.1"},
      {"title", "One or more validation errors occurred."},
      {"status", 400},
      {"errors",
       {{"AccountId", Json::array({"The account is closed.", "It may not be used."})},
        {"$.interactionName", Json::array({"The JSON value could not be converted to System.String."})}}},
      {"traceId", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}};
  Reply reply{.status = 400, .body = json.dump()};
  reply.Set("Content-Type", "application/problem+json; charset=utf-8");
  return reply;
}

Reply NoResource(Stage stage) {
  return seethepro::Failure(seethepro::Negotiate(stage.request), 404,
                            "No HTTP resource was found that matches the request URI 'http://localhost/api/moved'.");
}

Reply UnsupportedMediaType(Stage stage) {
  return seethepro::Failure(seethepro::Negotiate(stage.request), 415,
                            "The request entity's media type 'application/json' is not supported for this resource.");
}

Reply ErrorDetail(Stage) {
  const nlohmann::ordered_json json = {
      {"Message", "An error has occurred."},
      {"ExceptionMessage", "canary: Object reference not set to an instance of an object."},
      {"ExceptionType", "System.NullReferenceException"},
      {"StackTrace", "   at SeeTheProWebAPI.Controllers.VspInteractionController.Create(CreateVspInteraction model)"}};
  Reply reply{.status = 500, .body = json.dump()};
  reply.Set("Content-Type", "application/json; charset=utf-8");
  return reply;
}

Reply CodeNumber(Stage stage) { return WithCode(std::move(stage), R"("code":201,)"); }

Reply CodeMissing(Stage stage) { return WithCode(std::move(stage), ""); }

Reply CodeOdd(Stage stage) { return WithCode(std::move(stage), R"("code":"done",)"); }

Reply InBand(Stage stage) {
  if (stage.number / 100 == 2) return SayUnder(200, stage, stage.number, std::nullopt, wolkvox::AssignedMessage("1"));
  return SayUnder(200, stage, stage.number, absl::StrCat("ERROR ", stage.number),
                  "THE SANDBOX WAS ASKED FOR THIS CODE");
}

Reply UnknownApi(Stage stage) {
  return wolkvox::Say(stage.options, 400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST");
}

Reply ParametersRequired(Stage stage) {
  return wolkvox::Say(stage.options, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED");
}

Reply InvalidToken(Stage stage) { return Forbid(stage, "PLEASE VALIDATE TOKEN"); }

Reply TokenLimit(Stage stage) { return Forbid(stage, "TOKEN LIMIT EXCEEDED"); }

Reply Simultaneous(Stage stage) {
  return Forbid(
      stage, absl::StrCat("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (", stage.options.simultaneous, ")"));
}

Reply Maintenance(Stage stage) { return Forbid(stage, "SERVER BACKUP IN PROGRESS, APIS ARE UNDER MAINTENANCE"); }

Reply Contradictory(Stage stage) { return SayUnder(500, stage, 201, std::nullopt, wolkvox::AssignedMessage("1")); }

Reply SuccessWithError(Stage stage) {
  return wolkvox::Say(stage.options, 201, "AGENT NOT FOUND", wolkvox::AssignedMessage("1"));
}

Reply PhpWarning(Stage stage) {
  stage.usual.body.insert(
      0, "<br />\n<b>Warning</b>:  Undefined array key \"fromname\" in <b>configuration.php</b><br />\n");
  return std::move(stage.usual);
}

Reply LeadingBlanks(Stage stage) {
  stage.usual.body.insert(0, "\n\n \t");
  return std::move(stage.usual);
}

}  // namespace interaction::sandbox::scenes
