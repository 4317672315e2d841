#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"

namespace interaction::http {

// Reads one HTTP/1.1 response (RFC 9112) from the bytes of a connection, in whatever pieces they come; does no I/O. The
// grammar is Boost.Beast's: a response that could be read in two ways (two lengths, a length and chunks, a length that
// is no number) is an error. Interim responses (1xx) are skipped. Trailers are read and forgotten, content codings are
// left as they are. Not thread-safe.
class ResponseParser {
 public:
  enum class State {
    kMore,           // the response goes on
    kComplete,       // it is all there: Take()
    kTruncated,      // the connection ended, or the chunks broke off, within the response
    kProtocolError,  // this is no HTTP/1.1
    kTooLarge,       // above one of the limits; of the body, what fits is kept
  };

  // `max_header_bytes`: of all header blocks together, interim ones included, so that a flood of them ends, too.
  ResponseParser(size_t max_header_bytes, size_t max_body_bytes);
  ~ResponseParser();

  // The next bytes of the connection. Not called again once it has returned anything but kMore.
  State Feed(absl::string_view bytes);

  // The connection has ended. kComplete if the body was to end with it, and also when the response broke off after its
  // status line, before the end of its headers: the status is a verdict, and there is no body. Else kTruncated.
  State End();

  int status() const;                // of the last status line; 0: none yet
  bool headers_complete() const;     // those of a final response, not of an interim one
  bool body_over_limit() const;      // kTooLarge is about the body
  bool keeps_connection() const;     // after kComplete: the connection may carry another request
  bool has_bytes_left_over() const;  // after kComplete: bytes came that belong to no response

  // How long the upstream keeps the connection open when it is idle, if it says so (Keep-Alive: timeout=5).
  std::optional<absl::Duration> keep_alive() const;

  // What has been read, once.
  Response Take();

 private:
  class Message;  // keeps Boost's headers out of this one

  State FeedOnce(absl::string_view bytes, size_t* used);
  State Restart();

  const size_t max_header_bytes_;
  std::unique_ptr<Message> message_;
  std::string unparsed_;  // of a header block or a chunk's size, which the grammar wants in one piece
  size_t header_bytes_ = 0;
  bool bytes_left_over_ = false;
};

}  // namespace interaction::http
