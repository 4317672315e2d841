#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/redis/reply_reader.h"

struct redisContext;

namespace interaction::redis {

// One non-blocking connection to Redis, with hiredis' writer and our reader, driven by whoever polls fd(). Replies
// arrive in the order of the commands. Not thread-safe.
class Connection {
 public:
  // Takes the answer to the next command, in order: a reply, or a ServerError. If it returns an error, Turn() ends with
  // it.
  using OnReply = ReplyReader::OnReply;

  // These begin to connect. `address` is numeric.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenTcp(const std::string& address, uint16_t port);
  static absl::StatusOr<std::unique_ptr<Connection>> OpenUnix(const std::string& socket_path);

  ~Connection();  // drops commands without a reply

  // What to poll.
  int fd() const;
  short events() const;

  // Queues a command, which Turn writes once it is connected.
  void Append(absl::Span<const absl::string_view> words);

  // Does what the descriptor is ready for, given `revents` of poll. An error means that the connection cannot be used
  // any more: UNAVAILABLE, the error of `on_reply`, or INTERNAL for a malformed reply or one beyond ReplyLimits.
  absl::Status Turn(short revents, OnReply on_reply);

 private:
  explicit Connection(redisContext* context) : context_(context) {}

  static absl::StatusOr<std::unique_ptr<Connection>> Adopt(redisContext* context);
  absl::Status FinishConnecting();
  absl::Status Write();
  absl::Status Read(OnReply on_reply);
  absl::Status Broken() const;

  redisContext* const context_;
  ReplyReader reader_;
  bool connected_ = false;
  bool writing_ = true;  // bytes are left to write, or it is still connecting
};

}  // namespace interaction::redis
