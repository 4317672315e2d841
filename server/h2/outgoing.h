#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace interaction::h2 {

struct Trailers;

// The answer on one stream: framed messages that wait to be sent, and the trailers after them.
class Outgoing {
 public:
  struct Header {
    absl::string_view name;  // a constant, or in `names_`
    std::string value;
  };

  void Clear();

  // Appends a message with gRPC's prefix.
  void AddMessage(absl::string_view message);

  // Prepares the trailers. Copies everything.
  void Finish(const Trailers& trailers);

  // Moves up to `room` bytes of messages to `to`.
  size_t Take(char* to, size_t room);

  size_t unsent() const { return bytes_.size() - taken_; }
  const std::vector<Header>& trailers() const { return trailers_; }

  // Whether the trailers are grpc-status 0 alone.
  bool is_plain_success() const { return plain_success_; }

  // nghttp2 has got the trailers. complete(): all of the answer has been handed over.
  void SetTrailersSent() { trailers_sent_ = true; }
  bool complete() const { return trailers_sent_ && unsent() == 0; }

 private:
  std::string bytes_;
  size_t taken_ = 0;
  std::vector<Header> trailers_;
  std::vector<std::string> names_;
  bool plain_success_ = false;
  bool trailers_sent_ = false;
};

}  // namespace interaction::h2
