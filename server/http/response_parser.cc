#include "server/http/response_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/http/response_headers.h"

namespace interaction::http {
namespace {

namespace beast = boost::beast;

absl::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

bool IsInChunks(const beast::error_code& error) {
  return error == beast::http::error::bad_chunk || error == beast::http::error::bad_chunk_extension;
}

}  // namespace

// One header block and its body.
class ResponseParser::Message final : public beast::http::basic_parser</*isRequest=*/false> {
 public:
  Message(size_t max_header_bytes, size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(max_header_bytes));
    body_limit(boost::none);  // it would count what is announced; AddBody counts what comes
  }

  int status() const { return response_.status; }
  bool is_interim() const { return response_.status >= 100 && response_.status < 200; }
  bool body_over_limit() const { return body_over_limit_; }
  std::optional<absl::Duration> keep_alive_timeout() const { return keep_alive_; }
  size_t max_body_bytes() const { return max_body_bytes_; }
  Response Take() { return std::move(response_); }

 private:
  using Error = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, Error&) override {}
  void on_response_impl(int code, beast::string_view, int, Error& error) override {
    if (code < 100) {  // no status by RFC 9110, section 15; one above 599 is none either, but is passed on
      error = beast::http::error::bad_status;
    } else {
      response_.status = code;
    }
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, Error&) override {
    if (!is_header_done()) {
      TakeHeader(View(name), absl::StripAsciiWhitespace(View(value)), &response_, &keep_alive_);
    }
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(beast::string_view piece, Error& error) override { return AddBody(piece, error); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, Error& error) override {
    return AddBody(piece, error);
  }
  void on_finish_impl(Error&) override {}

  std::size_t AddBody(beast::string_view piece, Error& error) {
    const size_t room = max_body_bytes_ - response_.body.size();
    body_over_limit_ = piece.size() > room;
    response_.body.append(piece.data(), body_over_limit_ ? room : piece.size());
    if (body_over_limit_) error = beast::http::error::body_limit;
    return piece.size();
  }

  const size_t max_body_bytes_;
  Response response_;
  std::optional<absl::Duration> keep_alive_;
  bool body_over_limit_ = false;
};

ResponseParser::ResponseParser(size_t max_header_bytes, size_t max_body_bytes)
    : max_header_bytes_(max_header_bytes), message_(std::make_unique<Message>(max_header_bytes, max_body_bytes)) {}

ResponseParser::~ResponseParser() = default;

int ResponseParser::status() const { return message_->status(); }
bool ResponseParser::headers_complete() const { return message_->is_header_done() && !message_->is_interim(); }
bool ResponseParser::body_over_limit() const { return message_->body_over_limit(); }
bool ResponseParser::keeps_connection() const { return message_->is_done() && message_->keep_alive(); }
bool ResponseParser::has_bytes_left_over() const { return bytes_left_over_; }
std::optional<absl::Duration> ResponseParser::keep_alive() const { return message_->keep_alive_timeout(); }
Response ResponseParser::Take() { return message_->Take(); }

ResponseParser::State ResponseParser::Feed(absl::string_view bytes) {
  const bool joined = !unparsed_.empty();
  if (joined) unparsed_.append(bytes.data(), bytes.size());
  absl::string_view left = joined ? unparsed_ : bytes;
  State state = State::kMore;
  while (state == State::kMore && !left.empty()) {
    size_t used = 0;
    state = FeedOnce(left, &used);
    left.remove_prefix(used);
    if (used == 0) break;  // it needs more than there is
  }
  bytes_left_over_ = state == State::kComplete && !left.empty();
  unparsed_ = state == State::kMore ? std::string(left) : std::string();
  // The grammar limits header blocks, but not the extension of a chunk.
  return unparsed_.size() > max_header_bytes_ ? State::kTooLarge : state;
}

ResponseParser::State ResponseParser::FeedOnce(absl::string_view bytes, size_t* used) {
  const bool in_header = !message_->is_header_done();
  beast::error_code error;
  *used = message_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (in_header) header_bytes_ += *used;
  if (message_->is_header_done() && message_->is_interim()) return Restart();
  if (message_->is_done()) return State::kComplete;
  if (!error || error == beast::http::error::need_more) return State::kMore;
  if (error == beast::http::error::header_limit || error == beast::http::error::body_limit) return State::kTooLarge;
  return IsInChunks(error) ? State::kTruncated : State::kProtocolError;
}

// The final response follows the interim one, within what the limit leaves.
ResponseParser::State ResponseParser::Restart() {
  if (header_bytes_ >= max_header_bytes_) return State::kTooLarge;
  message_ = std::make_unique<Message>(max_header_bytes_ - header_bytes_, message_->max_body_bytes());
  return State::kMore;
}

ResponseParser::State ResponseParser::End() {
  if (!message_->is_header_done()) return status() == 0 ? State::kTruncated : State::kComplete;
  beast::error_code error;
  message_->put_eof(error);
  return error || !message_->is_done() ? State::kTruncated : State::kComplete;
}

}  // namespace interaction::http
