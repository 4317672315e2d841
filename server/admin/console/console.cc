#include "server/admin/console/console.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/admin/console/embedded.h"
#include "server/base/errors.h"

namespace interaction::admin {
namespace {

struct File {
  absl::string_view path;
  const char* content_type;
  const absl::string_view& content;
};

constexpr char kScript[] = "text/javascript; charset=utf-8";

// Nothing but the page's own files, and nobody may show it in a frame of theirs.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

absl::string_view MessageOf(absl::string_view reason) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    if (entry.name == reason) return entry.message;
  }
  return "";
}

// The row of a table of reasons: | `REASON` | code | outcome | meaning | what to do |
void PutRow(absl::string_view line, rapidjson::Writer<rapidjson::StringBuffer>* json) {
  if (!absl::ConsumePrefix(&line, "| `") || !absl::ConsumeSuffix(&line, " |")) return;
  const std::vector<absl::string_view> cells = absl::StrSplit(line, absl::ByString(" | "));
  if (cells.size() != 5) return;
  const auto text = [json](absl::string_view value) {
    json->String(value.data(), static_cast<unsigned>(value.size()));
  };
  const absl::string_view reason = absl::StripSuffix(cells[0], "`");
  json->Key(reason.data(), static_cast<unsigned>(reason.size()));
  json->StartObject();
  json->Key("message"), text(MessageOf(reason));
  json->Key("code"), text(cells[1]);
  json->Key("outcome"), text(cells[2]);
  json->Key("meaning"), text(cells[3]);
  json->Key("advice"), text(cells[4]);
  json->EndObject();
}

std::string MakeReasons() {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.StartObject();
  for (const absl::string_view line : absl::StrSplit(kErrorsPage, '\n')) PutRow(line, &json);
  json.EndObject();
  buffer.Put('\n');
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace

std::optional<HttpResponse> ConsoleFile(absl::string_view path) {
  const File files[] = {
      {"/", "text/html; charset=utf-8", kHtml},       {"/console/console.css", "text/css; charset=utf-8", kCss},
      {"/console/icon.svg", "image/svg+xml", kIcon},  {"/favicon.ico", "image/svg+xml", kIcon},
      {"/console/main.js", kScript, kMainJs},         {"/console/page.js", kScript, kPageJs},
      {"/console/overview.js", kScript, kOverviewJs}, {"/console/attention.js", kScript, kAttentionJs},
      {"/console/calls.js", kScript, kCallsJs},       {"/console/try_it.js", kScript, kTryItJs}};
  for (const File& file : files) {
    if (file.path != path) continue;
    return HttpResponse{.content_type = file.content_type,
                        .body = std::string(file.content),
                        .headers = {{"Content-Security-Policy", kPolicy},
                                    {"X-Frame-Options", "DENY"},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cross-Origin-Opener-Policy", "same-origin"},
                                    {"Cross-Origin-Resource-Policy", "same-origin"}}};
  }
  return std::nullopt;
}

const std::string& ReasonsJson() {
  static const auto* const reasons = new std::string(MakeReasons());
  return *reasons;
}

}  // namespace interaction::admin
