#include "server/redis/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace interaction::redis {
namespace {

// The most that is read in one go, because other work waits meanwhile.
constexpr size_t kMaxRead = 64 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenTcp(const std::string& address, uint16_t port) {
  return Adopt(redisConnectNonBlock(address.c_str(), port));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenUnix(const std::string& socket_path) {
  return Adopt(redisConnectUnixNonBlock(socket_path.c_str()));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Adopt(redisContext* context) {
  if (context == nullptr) return absl::UnavailableError("no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(context));
  if (context->err != 0) return connection->Broken();
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);  // hiredis does not
  return connection;
}

Connection::~Connection() { redisFree(context_); }

int Connection::fd() const { return context_->fd; }

short Connection::events() const { return static_cast<short>(POLLIN | (writing_ ? POLLOUT : 0)); }

void Connection::Append(absl::Span<const absl::string_view> words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const absl::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  // An error stays in the context, where the next Turn() finds it.
  redisAppendCommandArgv(context_, static_cast<int>(words.size()), texts.data(), sizes.data());
  writing_ = true;
}

absl::Status Connection::Turn(short revents, OnReply on_reply) {
  if (!connected_) {
    if (revents == 0) return absl::OkStatus();
    RETURN_IF_ERROR(FinishConnecting());
  }
  // Reads first, because replies that arrived before the connection broke still count.
  if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) RETURN_IF_ERROR(Read(on_reply));
  if (writing_) RETURN_IF_ERROR(Write());
  return absl::OkStatus();
}

absl::Status Connection::FinishConnecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return absl::UnavailableError(strerror(error));
  connected_ = true;
  return absl::OkStatus();
}

absl::Status Connection::Write() {
  int all = 0;
  if (redisBufferWrite(context_, &all) != REDIS_OK) return Broken();
  writing_ = all == 0;
  return absl::OkStatus();
}

// Not hiredis' reader, which accepts any reply, even of 2^31 elements.
absl::Status Connection::Read(OnReply on_reply) {
  char bytes[kMaxRead];
  const ssize_t count = recv(context_->fd, bytes, sizeof bytes, 0);
  if (count > 0) return reader_.Read({bytes, static_cast<size_t>(count)}, on_reply);
  if (count == 0) return absl::UnavailableError("Server closed the connection");
  if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
  return absl::UnavailableError(strerror(errno));
}

absl::Status Connection::Broken() const { return absl::UnavailableError(context_->errstr); }

}  // namespace interaction::redis
