#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"

struct http_parser;

namespace interaction::http {

// Reads one HTTP/1.1 response (RFC 9112) from the bytes of a connection, in whatever pieces they come; does no I/O. The
// grammar is http-parser's. Interim responses (1xx) are skipped, trailers are read and forgotten, content codings are
// left as they are. Can be used for one response after another. Not thread-safe.
class ResponseParser {
 public:
  enum class State {
    kMore,           // the response goes on
    kComplete,       // it is all there: Take()
    kTruncated,      // the connection ended, or the chunks broke off, within the response
    kProtocolError,  // this is no HTTP/1.1
    kTooLarge,       // above one of the limits; of the body, what fits is kept
  };

  // `max_header_bytes`: of all header blocks together, interim ones included, so that a flood of them ends, too; and of
  // what stands between two pieces of a body in chunks, or after the last.
  ResponseParser(size_t max_header_bytes, size_t max_body_bytes);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Forgets everything: the next bytes begin another response.
  void Reset();

  // The next bytes of the connection. Not called again once it has returned anything but kMore.
  State Feed(absl::string_view bytes);

  // The connection has ended. kComplete if the body was to end with it, and also when the response broke off after its
  // status line, before the end of its headers: the status is a verdict, and there is no body. Else kTruncated.
  State End();

  int status() const { return response_.status; }                    // of the last status line; 0: none yet
  bool headers_complete() const { return headers_complete_; }        // those of a final response, not of an interim one
  bool keeps_connection() const { return keeps_connection_; }        // after kComplete: it may carry another request
  bool has_bytes_left_over() const { return has_bytes_left_over_; }  // after kComplete: they belong to no response

  // How long the upstream keeps the connection open when it is idle, if it says so (Keep-Alive: timeout=5).
  std::optional<absl::Duration> keep_alive() const { return keep_alive_; }

  // What has been read, once.
  Response Take() { return std::move(response_); }

 private:
  struct Callbacks;  // by which http-parser tells what it reads

  void BeginMessage();
  void EndHeader();
  bool AddBody(absl::string_view piece);
  void CountFraming(const char* until);
  bool is_interim() const { return response_.status >= 100 && response_.status < 200; }
  State FailedWith(int error) const;

  const size_t max_header_bytes_;
  const size_t max_body_bytes_;
  const std::unique_ptr<http_parser> parser_;

  Response response_;
  std::optional<absl::Duration> keep_alive_;
  std::string name_;  // of the header that is being read
  std::string value_;
  size_t framing_bytes_ = 0;            // since the response's beginning or the last byte of the body
  const char* framing_from_ = nullptr;  // what of the bytes at hand is not counted yet
  bool headers_complete_ = false;
  bool message_complete_ = false;
  bool keeps_connection_ = false;
  bool has_bytes_left_over_ = false;
  bool too_large_ = false;
};

}  // namespace interaction::http
