#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/redis/reply.h"

namespace interaction::redis {

// Limits of one reply. The gateway's commands get a few elements and the reply of one call.
struct ReplyLimits {
  size_t elements = 1024;       // in all its arrays together
  size_t bytes = 1 << 20;       // in all its strings together
  size_t line_bytes = 1 << 16;  // of a line: a status, an error, a number
  size_t depth = 4;             // arrays within arrays
};

// Parses replies from bytes as they arrive (RESP2), in bounded memory: a reply that announces a size beyond the limits
// is refused at once, before memory is allocated.
//
//   reader.Read("*2\r\n:1\r\n$2\r\nab\r\n+OK\r", on_reply) calls on_reply with {1, "ab"} and keeps the rest
class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits = {}) : limits_(limits) {}

  // Takes each reply in order; an error reply, or one that contains an error, is a ServerError. If it returns an error,
  // Read() ends with it.
  using OnReply = absl::FunctionRef<absl::Status(absl::StatusOr<Reply>)>;

  // Passes on the replies that these bytes complete. INTERNAL if they are malformed or beyond the limits. After an
  // error, the reader cannot be used any more.
  absl::Status Read(absl::string_view bytes, OnReply on_reply);

 private:
  // An array that is not complete.
  struct Open {
    Reply array;
    size_t missing;  // elements
  };

  absl::StatusOr<bool> ReadItem();
  absl::StatusOr<bool> ReadString(int64_t size);
  absl::Status OpenArray(int64_t size);
  std::optional<absl::string_view> TakeLine();
  void Add(Reply reply);
  absl::StatusOr<Reply> TakeReply();

  const ReplyLimits limits_;
  std::string buffer_;
  size_t at_ = 0;  // position in the buffer; everything before it has been read

  // The reply being read.
  std::vector<Open> open_;  // the innermost last
  std::optional<Reply> complete_;
  absl::Status error_;  // the first error within it
  size_t elements_ = 0;
  size_t bytes_ = 0;
  std::optional<int64_t> string_size_;  // of the string whose bytes are awaited
};

}  // namespace interaction::redis
