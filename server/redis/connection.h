#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/redis/reply_reader.h"
#include "server/tls/client_context.h"
#include "server/tls/session_cache.h"
#include "server/tls/socket.h"

struct redisContext;

namespace interaction::redis {

// One non-blocking connection to Redis, with TLS or without, driven by whoever polls fd(): hiredis connects and puts
// commands into bytes; what is read goes to our reader. Replies arrive in the order of the commands. Not thread-safe.
class Connection {
 public:
  // Takes the answer to the next command, in order: a reply, or a ServerError. If it returns an error, Turn() ends with
  // it.
  using OnReply = ReplyReader::OnReply;

  // With TLS from the first byte on. `context` is kept until the connection ends, `sessions` outlives it.
  struct Tls {
    std::shared_ptr<const tls::ClientContext> context;  // null: without TLS
    std::string host;                                   // whose certificate is asked for
    tls::SessionCache* sessions = nullptr;
  };

  // These begin to connect. `address` is numeric.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenTcp(const std::string& address, uint16_t port, Tls tls);
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
  enum class Phase { kConnecting, kShakingHands, kOpen };

  Connection(redisContext* context, Tls tls);

  static absl::StatusOr<std::unique_ptr<Connection>> Adopt(redisContext* context, Tls tls);
  absl::Status FinishConnecting();
  absl::Status ShakeHands();
  absl::Status Write();
  absl::Status Read(OnReply on_reply);
  absl::Status Broken() const;

  redisContext* const context_;
  const Tls tls_;
  tls::Socket socket_;
  ReplyReader reader_;
  Phase phase_ = Phase::kConnecting;
  bool waits_for_room_ = true;  // to write, or for the end of connecting
};

}  // namespace interaction::redis
