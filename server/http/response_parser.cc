#include "server/http/response_parser.h"

#include <http_parser.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/http/response_headers.h"

namespace interaction::http {
namespace {

// http-parser's own limit of header bytes is one for the whole process. Ours is counted here.
void LiftTheLimitOfTheProcess() {
  [[maybe_unused]] static const bool lifted = (http_parser_set_max_header_size(UINT32_MAX), true);
}

}  // namespace

// Zero: go on.
struct ResponseParser::Callbacks {
  static const http_parser_settings& Settings() {
    static const http_parser_settings settings = [] {
      http_parser_settings made;
      http_parser_settings_init(&made);
      made.on_status = &OnStatus;
      made.on_header_field = &OnHeaderName;
      made.on_header_value = &OnHeaderValue;
      made.on_headers_complete = &OnHeadersComplete;
      made.on_body = &OnBody;
      made.on_message_complete = &OnMessageComplete;
      return made;
    }();
    return settings;
  }

  static ResponseParser& Of(http_parser* parser) { return *static_cast<ResponseParser*>(parser->data); }

  // Within the status line, after its code. Each piece of the reason comes here.
  static int OnStatus(http_parser* parser, const char*, size_t) {
    // No status by RFC 9110, section 15. One above 599 is none either, but is passed on.
    if (parser->http_major != 1 || parser->status_code < 100) return 1;
    Of(parser).response_.status = static_cast<int>(parser->status_code);
    return 0;
  }

  static int OnHeaderName(http_parser* parser, const char* text, size_t size) {
    ResponseParser& self = Of(parser);
    if (!self.value_.empty()) self.EndHeader();
    self.name_.append(text, size);
    return 0;
  }

  static int OnHeaderValue(http_parser* parser, const char* text, size_t size) {
    ResponseParser& self = Of(parser);
    self.value_.append(text, size);
    if (size == 0) self.EndHeader();
    return 0;
  }

  static int OnHeadersComplete(http_parser* parser) {
    ResponseParser& self = Of(parser);
    self.EndHeader();
    self.headers_complete_ = !self.is_interim();
    return 0;
  }

  static int OnBody(http_parser* parser, const char* text, size_t size) {
    ResponseParser& self = Of(parser);
    self.CountFraming(text);
    self.framing_bytes_ = 0;
    self.framing_from_ = text + size;
    return self.AddBody({text, size}) ? 0 : 1;
  }

  static int OnMessageComplete(http_parser* parser) {
    ResponseParser& self = Of(parser);
    self.message_complete_ = true;
    // Whoever sends both a length and chunks may be two that read differently: RFC 9112, section 6.1.
    const bool ambiguous = (parser->flags & F_CHUNKED) != 0 && (parser->flags & F_CONTENTLENGTH) != 0;
    self.keeps_connection_ = http_should_keep_alive(parser) != 0 && !ambiguous;
    http_parser_pause(parser, 1);  // what follows is not read by it
    return 0;
  }
};

ResponseParser::ResponseParser(size_t max_header_bytes, size_t max_body_bytes)
    : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes), parser_(std::make_unique<http_parser>()) {
  LiftTheLimitOfTheProcess();
  parser_->data = this;
  Reset();
}

ResponseParser::~ResponseParser() = default;

void ResponseParser::Reset() {
  BeginMessage();
  framing_bytes_ = 0;
  has_bytes_left_over_ = too_large_ = false;
}

void ResponseParser::BeginMessage() {
  http_parser_init(parser_.get(), HTTP_RESPONSE);
  parser_->allow_chunked_length = 1;  // with both, the chunks count: RFC 9112, section 6.3
  response_ = {};
  keep_alive_.reset();
  name_.clear();
  value_.clear();
  headers_complete_ = message_complete_ = keeps_connection_ = false;
}

ResponseParser::State ResponseParser::Feed(absl::string_view bytes) {
  while (!bytes.empty()) {
    framing_from_ = bytes.data();
    const size_t used = http_parser_execute(parser_.get(), &Callbacks::Settings(), bytes.data(), bytes.size());
    if (!message_complete_ && HTTP_PARSER_ERRNO(parser_) != HPE_OK) return FailedWith(HTTP_PARSER_ERRNO(parser_));
    CountFraming(bytes.data() + used);
    if (too_large_) return State::kTooLarge;
    bytes.remove_prefix(used);
    if (!message_complete_) break;
    has_bytes_left_over_ = !bytes.empty();
    if (!is_interim()) return State::kComplete;
    BeginMessage();  // the final response follows the interim one
  }
  return State::kMore;
}

ResponseParser::State ResponseParser::FailedWith(int error) const {
  if (too_large_) return State::kTooLarge;
  // After the headers only the chunks can be wrong.
  return headers_complete_ && error != HPE_CB_headers_complete ? State::kTruncated : State::kProtocolError;
}

ResponseParser::State ResponseParser::End() {
  if (!headers_complete_) return status() == 0 || is_interim() ? State::kTruncated : State::kComplete;
  http_parser_execute(parser_.get(), &Callbacks::Settings(), nullptr, 0);  // no bytes: the end
  return message_complete_ ? State::kComplete : State::kTruncated;
}

void ResponseParser::EndHeader() {
  if (!headers_complete_ && !is_interim()) {
    TakeHeader(name_, absl::StripAsciiWhitespace(value_), &response_, &keep_alive_);
  }
  name_.clear();
  value_.clear();
}

bool ResponseParser::AddBody(absl::string_view piece) {
  const size_t room = max_body_bytes_ - response_.body.size();
  if (piece.size() > room) too_large_ = true;
  response_.body.append(piece.data(), std::min(piece.size(), room));
  return !too_large_;
}

void ResponseParser::CountFraming(const char* until) {
  framing_bytes_ += static_cast<size_t>(until - framing_from_);
  framing_from_ = until;
  if (framing_bytes_ > max_header_bytes_) too_large_ = true;
}

}  // namespace interaction::http
