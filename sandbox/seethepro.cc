#include "sandbox/seethepro.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::sandbox::seethepro {
namespace {

using Json = nlohmann::ordered_json;

constexpr absl::string_view kNamespaces = R"( xmlns:i="http://www.w3.org/2001/XMLSchema-instance")"
                                          R"( xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models")";

constexpr absl::string_view kInvalid = "The request is invalid.";
constexpr absl::string_view kDenied = "Authorization has been denied for this request.";

// The formatters' media types, in the order in which the framework asks them.
struct MediaType {
  absl::string_view name;
  Format format;
};
constexpr MediaType kMediaTypes[] = {
    {"application/json", Format::kJson},
    {"text/json", Format::kJson},
    {"application/xml", Format::kXml},
    {"text/xml", Format::kXml},
};

// "Application/JSON; charset=utf-8" -> "application/json"
std::string BareMediaType(absl::string_view value) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(value.substr(0, value.find(';'))));
}

struct Accepted {
  std::string range;
  double quality = 1;
};

std::vector<Accepted> ReadAccept(absl::string_view header) {
  std::vector<Accepted> accepted;
  for (absl::string_view item : absl::StrSplit(header, ',', absl::SkipWhitespace())) {
    Accepted entry{BareMediaType(item)};
    for (absl::string_view parameter : absl::StrSplit(item, ';')) {
      parameter = absl::StripAsciiWhitespace(parameter);
      if (!absl::ConsumePrefix(&parameter, "q=")) continue;
      if (!absl::SimpleAtod(parameter, &entry.quality)) entry.quality = 0;
    }
    accepted.push_back(std::move(entry));
  }
  return accepted;
}

// How closely a media range names a media type: 3 itself, 2 its family, 1 anything, 0 not at all.
int Closeness(absl::string_view range, absl::string_view media_type) {
  if (range == media_type) return 3;
  if (range == "*/*") return 1;
  const bool family = absl::ConsumeSuffix(&range, "*") && absl::EndsWith(range, "/");
  return family && absl::StartsWith(media_type, range) ? 2 : 0;
}

std::string EscapeXml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\r", "&#xD;"}});
}

std::string XmlMember(absl::string_view name, const std::optional<std::string>& value) {
  if (!value) return absl::StrCat("<", name, R"( i:nil="true"/>)");
  return absl::StrCat("<", name, ">", EscapeXml(*value), "</", name, ">");
}

Json JsonMember(const std::optional<std::string>& value) { return value ? Json(*value) : Json(nullptr); }

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Reply Written(const Representation& form, int status, std::string body) {
  Reply reply{.status = status, .body = std::move(body)};
  reply.Set("Content-Type", absl::StrCat(form.media_type, "; charset=utf-8"));
  reply.Set("Cache-Control", "no-cache");
  return reply;
}

std::string XmlFailure(absl::string_view message, const ModelState& errors) {
  std::string xml = absl::StrCat("<Error><Message>", EscapeXml(message), "</Message>");
  if (!errors.empty()) {
    absl::StrAppend(&xml, "<ModelState>");
    for (const auto& [key, texts] : errors) {
      absl::StrAppend(&xml, "<", key, ">", EscapeXml(absl::StrJoin(texts, " ")), "</", key, ">");
    }
    absl::StrAppend(&xml, "</ModelState>");
  }
  return absl::StrCat(xml, "</Error>");
}

using Formatter = Binding (*)(absl::string_view);

// The formatter for a media type, null for none: it is chosen by Content-Type alone, the body is not looked at.
Formatter FormatterFor(absl::string_view media_type) {
  if (media_type == "application/x-www-form-urlencoded") return BindForm;
  for (const MediaType& known : kMediaTypes) {
    if (media_type == known.name) return known.format == Format::kJson ? BindJson : BindXml;
  }
  return nullptr;
}

std::string UnsupportedMediaType(const Request& request, absl::string_view media_type) {
  if (request.Find("Content-Type")) {
    return absl::StrCat("The request entity's media type '", media_type, "' is not supported for this resource.");
  }
  return "The request contains an entity body but no Content-Type header. The inferred media type "
         "'application/octet-stream' is not supported for this resource.";
}

// Reversible, so different numbers never meet (the finalizer of SplitMix64).
uint64_t Scatter(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

Interaction MakeInteraction(uint64_t serial) {
  const uint64_t unique = Scatter(serial);
  const uint64_t more = Scatter(~serial);
  // All 64 bits of `unique` are in the first, second and last group: the fixed digits of a version 4 UUID cost none.
  const std::string id = absl::StrFormat("%08x-%04x-4%03x-a%03x-%04x%08x", unique >> 32, (unique >> 16) & 0xFFFF,
                                         more & 0xFFF, (more >> 12) & 0xFFF, unique & 0xFFFF, more >> 32);
  return {.id = id,
          .campaign_key = absl::StrFormat("CMP-%04d", serial % 7 + 1),
          .url = absl::StrCat("https://seethepro.example/vsp/", id)};
}

Representation Negotiate(const Request& request) {
  const std::vector<Accepted> accepted = ReadAccept(request.Find("Accept").value_or(""));
  std::pair<double, int> best_match;  // quality first; then the closer range, then the first formatter
  Representation best;
  for (const MediaType& candidate : kMediaTypes) {
    for (const Accepted& entry : accepted) {
      const std::pair<double, int> match = {entry.quality, Closeness(entry.range, candidate.name)};
      if (match.first > 0 && match.second > 0 && match > best_match) {
        best_match = match;
        best = {candidate.format, std::string(candidate.name)};
      }
    }
  }
  if (best_match.second > 0) return best;
  const std::string sent = BareMediaType(request.Find("Content-Type").value_or(""));
  for (const MediaType& candidate : kMediaTypes) {
    if (sent == candidate.name) return {candidate.format, sent};
  }
  return {};
}

Reply Success(const Representation& form, const Interaction& interaction) {
  if (form.format == Format::kXml) {
    return Written(form, 200,
                   absl::StrCat("<VspInteraction", kNamespaces, ">", XmlMember("CampaignKey", interaction.campaign_key),
                                XmlMember("InteractionId", interaction.id),
                                XmlMember("InteractionUrl", interaction.url), "</VspInteraction>"));
  }
  const Json json = {{"InteractionId", JsonMember(interaction.id)},
                     {"CampaignKey", JsonMember(interaction.campaign_key)},
                     {"InteractionUrl", JsonMember(interaction.url)}};
  return Written(form, 200, Dump(json));
}

Reply NullResult(const Representation& form) {
  if (form.format == Format::kJson) return Written(form, 200, "null");
  return Written(form, 200, absl::StrCat("<VspInteraction", kNamespaces, R"( i:nil="true"/>)"));
}

Reply Failure(const Representation& form, int status, absl::string_view message, const ModelState& errors) {
  if (form.format == Format::kXml) return Written(form, status, XmlFailure(message, errors));
  Json json = {{"Message", std::string(message)}};
  for (const auto& [key, texts] : errors) json["ModelState"][key] = texts;
  return Written(form, status, Dump(json));
}

namespace {

// --- the scenarios of SeeThePro alone ---

Representation AsXml() { return {Format::kXml, "application/xml"}; }

ModelState SomeErrors() {
  return {{"model.AccountId", {"The account is closed.", "It may not be used."}},
          {"model.InteractionName", {"The InteractionName field is not valid here."}}};
}

Reply InJson(Stage stage) { return Success({Format::kJson, "application/json"}, MakeInteraction(stage.serial)); }

Reply InXml(Stage stage) { return Success(AsXml(), MakeInteraction(stage.serial)); }

Reply NullCampaign(Stage stage) {
  Interaction interaction = MakeInteraction(stage.serial);
  interaction.campaign_key = std::nullopt;
  return Success(Negotiate(stage.request), interaction);
}

Reply NullId(Stage stage) {
  Interaction interaction = MakeInteraction(stage.serial);
  interaction.id = std::nullopt;
  return Success(Negotiate(stage.request), interaction);
}

Reply UnknownMembers(Stage stage) {
  Reply reply = InJson(std::move(stage));
  reply.body.insert(1, R"("Version":{"Major":2,"Tags":["InteractionId",null]},"Score":1.5e3,)");
  return reply;
}

Reply InvalidModel(Stage stage) { return Failure(Negotiate(stage.request), 400, kInvalid, SomeErrors()); }

Reply InvalidModelXml(Stage) { return Failure(AsXml(), 400, kInvalid, SomeErrors()); }

Reply ValidationProblem(Stage) {
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
  return Failure(Negotiate(stage.request), 404,
                 "No HTTP resource was found that matches the request URI 'http://localhost/api/moved'.");
}

Reply WrongMediaType(Stage stage) {
  return Failure(Negotiate(stage.request), 415,
                 "The request entity's media type 'application/json' is not supported for this resource.");
}

Reply ErrorDetail(Stage) {
  const Json json = {
      {"Message", "An error has occurred."},
      {"ExceptionMessage", "canary: Object reference not set to an instance of an object."},
      {"ExceptionType", "System.NullReferenceException"},
      {"StackTrace", "   at SeeTheProWebAPI.Controllers.VspInteractionController.Create(CreateVspInteraction model)"}};
  Reply reply{.status = 500, .body = json.dump()};
  reply.Set("Content-Type", "application/json; charset=utf-8");
  return reply;
}

// clang-format off
const std::vector<Scenario>& ScenarioRows() {
  static const auto& table = *new std::vector<Scenario>{
      {"json", "answers in JSON, whatever was asked for",
       "OK", "", kApplied, InJson},
      {"xml", "answers in XML, whatever was asked for",
       "OK", "", kApplied, InXml},
      {"null-campaign", "CampaignKey is null",
       "OK", "", kApplied, NullCampaign},
      {"null-id", "InteractionId is null",
       "UNKNOWN", "UPSTREAM_MALFORMED_RESPONSE", kUnknown, NullId},
      {"unknown-members", "answers with more members than the page has",
       "OK", "", kApplied, UnknownMembers},
      {"model-state", "400 with a ModelState",
       "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, InvalidModel},
      {"model-state-xml", "400 with a ModelState, in XML",
       "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, InvalidModelXml},
      {"validation-problem", "400 with the errors of ASP.NET Core, application/problem+json",
       "INVALID_ARGUMENT", "UPSTREAM_REJECTED_ARGUMENT", kNotApplied, ValidationProblem},
      {"no-resource", "the framework's 404: a wrong base URL",
       "FAILED_PRECONDITION", "UPSTREAM_ENDPOINT_NOT_FOUND", kNotApplied, NoResource},
      {"unsupported-media-type", "415",
       "INTERNAL", "UPSTREAM_CONTRACT_MISMATCH", kNotApplied, WrongMediaType},
      {"error-detail", "500 with exception and stack trace, which must not be passed on",
       "UNKNOWN", "UPSTREAM_INTERNAL_ERROR", kUnknown, ErrorDetail},
  };
  return table;
}
// clang-format on

}  // namespace

absl::Duration SeeThePro::Delay(int) const { return delay_; }

Reply SeeThePro::Refuse(const Request& request, int status, absl::string_view, absl::string_view text) const {
  return Failure(Negotiate(request), status, text);
}

Reply SeeThePro::RefuseCredential(const Request& request) const { return Failure(Negotiate(request), 401, kDenied); }

Reply SeeThePro::RefuseScenario(const Request& request, absl::string_view text) const {
  return Failure(Negotiate(request), 400, kInvalid, {{"model.InteractionName", {std::string(text)}}});
}

Reply SeeThePro::NullResult(const Request& request, Reply) const { return seethepro::NullResult(Negotiate(request)); }

absl::Span<const Scenario> SeeThePro::OwnScenarios() const { return ScenarioRows(); }

Reply SeeThePro::Answer(const Request& request, uint64_t serial, int) const {
  const Representation form = Negotiate(request);
  if (!absl::EqualsIgnoreCase(request.Path(), kPath)) {
    return Failure(form, 404,
                   absl::StrCat("No HTTP resource was found that matches the request URI 'http://",
                                request.Find("Host").value_or("localhost"), request.target, "'."));
  }
  if (request.method != "POST") {
    Reply reply =
        Failure(form, 405, absl::StrCat("The requested resource does not support http method '", request.method, "'."));
    reply.Set("Allow", "POST");
    return reply;
  }
  if (request.body.empty()) return Failure(form, 500, "An error has occurred.");  // the action met a null model

  const std::string media_type = BareMediaType(request.Find("Content-Type").value_or(""));
  const Formatter formatter = FormatterFor(media_type);
  if (formatter == nullptr) return Failure(form, 415, UnsupportedMediaType(request, media_type));
  const Binding binding = formatter(request.body);
  if (binding.null_model) return Failure(form, 500, "An error has occurred.");
  if (!binding.errors.empty()) return Failure(form, 400, kInvalid, binding.errors);

  const absl::string_view key = binding.Get("AppAccessKey");
  if (key == kInvalidKey) return Failure(form, 401, kDenied);
  if (key == kForbiddenKey) return Failure(form, 403, "This key may not create interactions.");

  Reply reply = Success(form, MakeInteraction(serial));
  absl::string_view name = binding.Get("InteractionName");
  if (absl::ConsumePrefix(&name, "sandbox:")) reply.scenario = std::string(name);
  return reply;
}

}  // namespace interaction::sandbox::seethepro
