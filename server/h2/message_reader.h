#pragma once

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/h2/request_head.h"

namespace interaction::h2 {

// Cuts the bytes of a stream into gRPC's length-prefixed messages and decompresses them. Takes no more memory than
// `max_message_bytes` whatever a client announces or compresses.
class MessageReader {
 public:
  MessageReader() = default;
  ~MessageReader();
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;

  // Begins a stream.
  void Start(Encoding encoding, size_t max_message_bytes);

  // Takes bytes from the front of `*bytes`, up to the end of a message. Returns the message when it is complete, or
  // nothing when more bytes are needed. RESOURCE_EXHAUSTED: the message is too large, as announced or decompressed;
  // INVALID_ARGUMENT: it is malformed. Each with a sentence for the caller. After an error, Start() is next.
  absl::StatusOr<std::optional<std::string>> Read(absl::string_view* bytes);

  // Whether a message has begun and is incomplete.
  bool in_message() const { return prefix_size_ > 0; }

 private:
  static constexpr size_t kPrefixSize = 5;  // a flag and four bytes of length

  absl::Status ReadPrefix();
  absl::StatusOr<std::string> Decompress(absl::string_view compressed);
  absl::Status TooLarge(absl::string_view how) const;

  Encoding encoding_ = Encoding::kIdentity;
  size_t max_message_bytes_ = 0;
  unsigned char prefix_[kPrefixSize] = {};
  size_t prefix_size_ = 0;
  bool compressed_ = false;
  size_t message_size_ = 0;
  std::string message_;
  std::unique_ptr<z_stream> inflater_;  // null until it is needed
};

}  // namespace interaction::h2
