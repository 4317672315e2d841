#include "server/http/response_reader.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "server/http/response_headers.h"

namespace interaction::http {
namespace {

// "HTTP/1.1 201 Created" -> 201. libcurl has checked the form.
int StatusIn(absl::string_view line) {
  int status = 0;
  const size_t blank = line.find(' ');
  if (blank == line.npos || !absl::SimpleAtoi(line.substr(blank + 1, 3), &status)) return 0;
  return status;
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
  TakeHeader(name, absl::StripAsciiWhitespace(line.substr(colon + 1)), &response_, &keep_alive_);
  return true;
}

bool ResponseReader::AddBody(absl::string_view piece) {
  const size_t room = max_body_bytes_ - response_.body.size();
  body_cap_hit_ = piece.size() > room;
  response_.body.append(piece.data(), body_cap_hit_ ? room : piece.size());
  return !body_cap_hit_;
}

}  // namespace interaction::http
