#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"

namespace interaction::http {

// Collects a response from the pieces in which libcurl hands it over, and stops at limits: libcurl's own do not hold
// when the peer announces no length (CURLOPT_MAXFILESIZE) or are ten times as high (headers: 300 KB).
class ResponseReader {
 public:
  ResponseReader(size_t max_header_bytes, size_t max_body_bytes)
      : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes) {}

  void Reset();

  // A line of a header block, its line break included: status line, header, or the empty line that ends the block.
  // Trailers come this way, too. False: too much.
  bool AddHeaderLine(absl::string_view line);

  // A piece of the body. False: too much; what fits is kept.
  bool AddBody(absl::string_view piece);

  // How long the upstream keeps the connection open when it is idle, if it says so (Keep-Alive: timeout=5).
  std::optional<absl::Duration> keep_alive() const { return keep_alive_; }

  int status() const { return response_.status; }  // of the last status line; 0: none yet
  bool headers_complete() const { return headers_complete_; }
  bool header_cap_hit() const { return header_cap_hit_; }
  bool body_cap_hit() const { return body_cap_hit_; }

  Response Take() { return std::move(response_); }

 private:
  const size_t max_header_bytes_;
  const size_t max_body_bytes_;
  Response response_;
  std::optional<absl::Duration> keep_alive_;
  size_t header_bytes_ = 0;
  bool headers_complete_ = false;  // of a final response, not of a 1xx
  bool header_cap_hit_ = false;
  bool body_cap_hit_ = false;
};

}  // namespace interaction::http
