#include "tests/support/script.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace interaction::testing {

std::string HttpResponse(int status, absl::string_view content_type, absl::string_view body,
                         const std::vector<http::Header>& headers) {
  std::string response = absl::StrCat("HTTP/1.1 ", status, " Scripted\r\nContent-Length: ", body.size(), "\r\n");
  if (!content_type.empty()) absl::StrAppend(&response, "Content-Type: ", content_type, "\r\n");
  for (const http::Header& header : headers) absl::StrAppend(&response, header.name, ": ", header.value, "\r\n");
  absl::StrAppend(&response, "\r\n", body);
  return response;
}

Step Respond(int status, absl::string_view content_type, absl::string_view body,
             const std::vector<http::Header>& headers) {
  return Send(HttpResponse(status, content_type, body, headers));
}

Step RespondJson(int status, absl::string_view body, const std::vector<http::Header>& headers) {
  return Respond(status, "application/json; charset=utf-8", body, headers);
}

Step Send(std::string bytes, int64_t times) {
  return {.kind = Step::Kind::kSend, .bytes = std::move(bytes), .times = times};
}

Step Drip(std::string bytes, absl::Duration interval) {
  return {.kind = Step::Kind::kDrip, .bytes = std::move(bytes), .interval = interval};
}

Step Pause(absl::Duration duration) { return {.kind = Step::Kind::kPause, .interval = duration}; }
Step WaitFor(const absl::Notification& gate) { return {.kind = Step::Kind::kWaitFor, .gate = &gate}; }
Step AwaitBytes() { return {.kind = Step::Kind::kAwaitBytes}; }
Step Close() { return {.kind = Step::Kind::kClose}; }
Step Cut() { return {.kind = Step::Kind::kCut}; }
Step Reset() { return {.kind = Step::Kind::kReset}; }
Step Hang() { return {.kind = Step::Kind::kHang}; }

Handler Always(Script script) {
  return [script = std::move(script)](const RecordedRequest&) { return script; };
}

Handler InOrder(std::vector<Script> scripts) {
  return [scripts = std::move(scripts), next = std::make_shared<size_t>(0)](const RecordedRequest&) {
    const size_t index = std::min((*next)++, scripts.size() - 1);
    return scripts[index];
  };
}

}  // namespace interaction::testing
