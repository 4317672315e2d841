#include "server/upstream/wolkvox/response_decoder.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/upstream/json_reader.h"

namespace interaction::wolkvox {
namespace {

using upstream::Hints;
using Reply = v1::AddWolkvoxInteractionResponse;

// How much of a body that is not JSON is searched for words; a page says what it has to say at its beginning.
constexpr size_t kSearched = 4096;

// The content of an answer, as far as it could be read.
struct Answer {
  bool is_object = false;
  int code = 0;  // 100 to 599; 0: none
  bool has_error = false;
  std::string words;  // error and msg, or the body if it is not a JSON object; in lower case
  Reply reply;
};

// Both 201 and "201" occur; any other spelling ("0201", 201.0, " 201 ") is not trusted.
int ReadCode(const simdjson::dom::element& element) {
  int64_t number = 0;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    const bool plain = text.size() == 3 && absl::ascii_isdigit(text[0]) && absl::ascii_isdigit(text[1]) &&
                       absl::ascii_isdigit(text[2]);
    if (!plain || !absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) return 0;
  } else if (element.get(number) != simdjson::SUCCESS) {
    return 0;
  }
  return number >= 100 && number <= 599 ? static_cast<int>(number) : 0;
}

Answer ReadAnswer(absl::string_view body) {
  Answer answer;
  const auto object = upstream::JsonObject::Parse(body);
  if (!object.ok()) {
    answer.words = absl::AsciiStrToLower(body.substr(0, kSearched));
    return answer;
  }
  answer.is_object = true;
  simdjson::dom::element element;
  std::string_view text;
  if ((*object)["code"].get(element) == simdjson::SUCCESS) answer.code = ReadCode(element);
  if ((*object)["error"].get(element) == simdjson::SUCCESS && !element.is_null()) {
    if (element.get(text) == simdjson::SUCCESS) answer.reply.set_error(std::string(text));
    answer.has_error = true;
  }
  if ((*object)["msg"].get(text) == simdjson::SUCCESS) answer.reply.set_message(std::string(text));
  answer.words = absl::AsciiStrToLower(absl::StrCat(answer.reply.error(), " ", answer.reply.message()));
  answer.reply.set_code(answer.code);
  return answer;
}

bool Says(const Answer& answer, std::initializer_list<absl::string_view> any_of) {
  for (const absl::string_view words : any_of) {
    if (absl::StrContains(answer.words, words)) return true;
  }
  return false;
}

Error VerdictOf(Reason reason, const http::Response& response, const Hints& hints) {
  Error error(reason);
  error.In(Phase::kDecode).WithHttpStatus(response.status).With("upstreamCode", hints.upstream_code);
  return error;
}

// The words come from the vendor's page of response codes and its note on backups.
absl::Status ForbiddenError(const Answer& answer, const http::Response& response, const Hints& hints) {
  if (Says(answer, {"token limit exceeded"})) {
    return VerdictOf(Reason::kUpstreamDailyQuota, response, hints).WithQuota("uses of the wolkvox token a day");
  }
  if (Says(answer, {"simultaneous requests"})) {
    return VerdictOf(Reason::kUpstreamConcurrencyLimit, response, hints).WithRetryAfter(absl::Seconds(1));
  }
  if (Says(answer, {"backup", "maintenance", "mantenimiento", "respaldo"})) {
    return VerdictOf(Reason::kUpstreamMaintenance, response, hints).WithRetryAfter(absl::Seconds(60));
  }
  // Only these words, or an HTTP 403 without any, concern the token. The operator cannot mend any other refusal.
  if (answer.code == 0 || Says(answer, {"validate token"})) return upstream::HttpError(403, response, hints);
  return VerdictOf(Reason::kUpstreamPermissionDenied, response, hints);
}

// An application that answers 5xx has run, so unlike a proxy's 503 this does not prove that nothing was done.
absl::Status ServerError(const Answer& answer, const http::Response& response, const Hints& hints) {
  absl::Status error = upstream::HttpError(answer.code, response, hints);
  if (OutcomeOf(error) == Outcome::kUnknown) return error;
  return VerdictOf(Reason::kUpstreamInternalError, response, hints);
}

absl::Status FailureError(const Answer& answer, const http::Response& response, const Hints& hints) {
  if (answer.code < 400) return VerdictOf(Reason::kUpstreamMalformedResponse, response, hints);
  if (answer.code >= 500) return ServerError(answer, response, hints);
  if (answer.code == 403) return ForbiddenError(answer, response, hints);
  if (answer.code == 400 && Says(answer, {"the api you want to consult does not exist"})) {
    return VerdictOf(Reason::kUpstreamEndpointNotFound, response, hints);
  }
  return upstream::HttpError(answer.code, response, hints);
}

// An answer without a valid code: the HTTP status decides.
absl::Status CodelessError(const Answer& answer, const http::Response& response, const Hints& hints) {
  return response.status == 403 ? ForbiddenError(answer, response, hints)
                                : upstream::HttpError(response.status, response, hints);
}

bool Is2xx(int status) { return status >= 200 && status < 300; }

// The 3xx of RFC 9110. Whatever sends one, mostly a proxy, did not pass the request to the application.
bool IsRedirect(int status) { return status >= 300 && status <= 308; }

}  // namespace

absl::StatusOr<Reply> DecodeAnswer(const http::Response& response, const Hints& given) {
  const bool is_http = response.status >= 200 && response.status <= 599;
  Answer answer = is_http ? ReadAnswer(response.body) : Answer();
  Hints hints = given;
  hints.names_a_resource = answer.is_object;  // a proxy that does not know the URL does not answer in JSON
  hints.says_duplicate = Says(answer, {"duplicate", "already exist"});
  if (answer.code == 0) return CodelessError(answer, response, hints);

  hints.upstream_code = absl::StrCat(answer.code);
  if (IsRedirect(response.status)) return upstream::HttpError(response.status, response, hints);
  if (!Is2xx(answer.code)) return FailureError(answer, response, hints);
  if (!Is2xx(response.status) || answer.has_error) {
    return VerdictOf(Reason::kUpstreamContradictory, response, hints).ToStatus();
  }
  if (!upstream::IsSuccess(answer.code) || !upstream::IsSuccess(response.status)) {
    return VerdictOf(Reason::kUpstreamMalformedResponse, response, hints).ToStatus();
  }
  return std::move(answer.reply);
}

}  // namespace interaction::wolkvox
