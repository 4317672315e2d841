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

// One connection to Redis that never blocks: hiredis' writer and our reader, driven by whoever polls fd(). Replies come
// in the order of the commands. Not thread-safe.
class Connection {
 public:
  // Takes the answer to the next command, in their order: a reply, or a ServerError. An error that it returns ends
  // Turn.
  using OnReply = ReplyReader::OnReply;

  // Begin to connect. `address` is numeric.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenTcp(const std::string& address, uint16_t port);
  static absl::StatusOr<std::unique_ptr<Connection>> OpenUnix(const std::string& socket_path);

  ~Connection();  // commands without a reply stay without one

  // What to poll.
  int fd() const;
  short events() const;

  // Adds a command to what is to be written; Turn writes it, once connected.
  void Append(absl::Span<const absl::string_view> words);

  // Goes on with what the descriptor is ready for, `revents` of poll. After an error, UNAVAILABLE or that of
  // `on_reply`, INTERNAL for what is no reply or larger than ReplyLimits, the connection is of no more use.
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
  bool writing_ = true;  // something is left to be written, or the connection is not there yet
};

}  // namespace interaction::redis
