#include "server/http/response_reader.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace interaction::http {
namespace {

// "HTTP/1.1 201 Created" -> 201. libcurl has checked the form.
int StatusIn(absl::string_view line) {
  int status = 0;
  const size_t blank = line.find(' ');
  if (blank == line.npos || !absl::SimpleAtoi(line.substr(blank + 1, 3), &status)) return 0;
  return status;
}

std::string* FieldFor(absl::string_view name, Response& response) {
  if (absl::EqualsIgnoreCase(name, "content-type")) return &response.content_type;
  if (absl::EqualsIgnoreCase(name, "retry-after")) return &response.retry_after;
  if (absl::EqualsIgnoreCase(name, "location")) return &response.location;
  return nullptr;
}

// "timeout=5, max=100" -> 5 s. By RFC 2068, section 19.7.1.1, and what Apache, nginx and Node.js send.
std::optional<absl::Duration> TimeoutIn(absl::string_view keep_alive) {
  for (const absl::string_view part : absl::StrSplit(keep_alive, ',')) {
    const std::pair<absl::string_view, absl::string_view> parameter = absl::StrSplit(part, absl::MaxSplits('=', 1));
    int seconds = 0;
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parameter.first), "timeout") &&
        absl::SimpleAtoi(parameter.second, &seconds) && seconds >= 0) {
      return absl::Seconds(seconds);
    }
  }
  return std::nullopt;
}

}  // namespace

void ResponseReader::Reset() {
  response_ = {};
  keep_alive_.reset();
  header_bytes_ = 0;
  headers_complete_ = header_cap_hit_ = body_cap_hit_ = false;
}

bool ResponseReader::AddHeaderLine(absl::string_view line) {
  header_bytes_ += line.size();  // over all blocks: a flood of "100 Continue" ends here as well
  if (header_bytes_ > max_header_bytes_) {
    header_cap_hit_ = true;
    return false;
  }
  if (headers_complete_) return true;  // a trailer
  if (absl::StartsWith(line, "HTTP/")) {
    response_ = {.status = StatusIn(line)};
    keep_alive_.reset();
    return true;
  }
  line = absl::StripAsciiWhitespace(line);
  if (line.empty()) {
    headers_complete_ = response_.status >= 200;
    return true;
  }
  const size_t colon = line.find(':');
  if (colon == line.npos) return true;
  const absl::string_view name = line.substr(0, colon);
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  if (std::string* const field = FieldFor(name, response_)) *field = std::string(value);
  if (absl::EqualsIgnoreCase(name, "keep-alive")) keep_alive_ = TimeoutIn(value);
  return true;
}

bool ResponseReader::AddBody(absl::string_view piece) {
  const size_t room = max_body_bytes_ - response_.body.size();
  body_cap_hit_ = piece.size() > room;
  response_.body.append(piece.data(), body_cap_hit_ ? room : piece.size());
  return !body_cap_hit_;
}

}  // namespace interaction::http
