#include "server/redis/connection.h"

extern "C" {  // the headers of hiredis forget it for some of its functions
#include <hiredis/hiredis.h>
}

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace interaction::redis {
namespace {

using Io = tls::Socket::Result;

// The most that is read in one go, because other work waits meanwhile.
constexpr size_t kMaxRead = 64 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenTcp(const std::string& address, uint16_t port, Tls tls) {
  return Adopt(redisConnectNonBlock(address.c_str(), port), std::move(tls));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenUnix(const std::string& socket_path) {
  return Adopt(redisConnectUnixNonBlock(socket_path.c_str()), {});
}

Connection::Connection(redisContext* context, Tls tls)
    : context_(context), tls_(std::move(tls)), socket_(context->fd) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Adopt(redisContext* context, Tls tls) {
  if (context == nullptr) return absl::UnavailableError("no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(context, std::move(tls)));
  if (context->err != 0) return connection->Broken();
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);  // hiredis does not
  return connection;
}

Connection::~Connection() {
  socket_.End();
  redisFree(context_);
}

int Connection::fd() const { return context_->fd; }

short Connection::events() const { return static_cast<short>(POLLIN | (waits_for_room_ ? POLLOUT : 0)); }

void Connection::Append(absl::Span<const absl::string_view> words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const absl::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  // An error stays in the context, where the next Turn() finds it.
  redisAppendCommandArgv(context_, static_cast<int>(words.size()), texts.data(), sizes.data());
}

absl::Status Connection::Turn(short revents, OnReply on_reply) {
  if (phase_ == Phase::kConnecting) {
    if (revents == 0) return absl::OkStatus();
    RETURN_IF_ERROR(FinishConnecting());
  }
  if (phase_ == Phase::kShakingHands) {
    RETURN_IF_ERROR(ShakeHands());
    if (phase_ == Phase::kShakingHands) return absl::OkStatus();
  }
  // Reads first, because replies that arrived before the connection broke still count.
  if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) RETURN_IF_ERROR(Read(on_reply));
  return Write();
}

absl::Status Connection::FinishConnecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return absl::UnavailableError(strerror(error));
  if (tls_.context == nullptr) {
    phase_ = Phase::kOpen;
    return absl::OkStatus();
  }
  phase_ = Phase::kShakingHands;
  return socket_.Connect(*tls_.context, tls_.host, tls_.sessions) ? absl::OkStatus()
                                                                  : absl::UnavailableError("no memory for TLS");
}

absl::Status Connection::ShakeHands() {
  const Io io = socket_.Handshake();
  waits_for_room_ = io == Io::kWantsWrite;
  if (io == Io::kDone) phase_ = Phase::kOpen;
  if (io != Io::kClosed && io != Io::kFailed) return absl::OkStatus();
  const std::string& why = socket_.handshake_failure().what;
  return absl::UnavailableError(absl::StrCat("the TLS handshake failed: ", why.empty() ? "the connection ended" : why));
}

absl::Status Connection::Write() {
  if (context_->err != 0) return Broken();
  while (true) {
    const absl::string_view bytes(context_->obuf, sdslen(context_->obuf));
    waits_for_room_ = false;
    if (bytes.empty()) return absl::OkStatus();
    size_t count = 0;
    const Io io = socket_.Write(bytes, &count);
    sdsrange(context_->obuf, static_cast<int>(count), -1);
    if (io == Io::kFailed) return absl::UnavailableError("the connection broke");
    if (io == Io::kWantsWrite) {
      waits_for_room_ = true;
      return absl::OkStatus();
    }
  }
}

// Not by hiredis' reader, which accepts any reply, even of 2^31 elements.
absl::Status Connection::Read(OnReply on_reply) {
  char bytes[kMaxRead];
  do {
    size_t count = 0;
    bool drained = false;
    switch (socket_.Read(bytes, sizeof bytes, &count, &drained)) {
      case Io::kDone:
        RETURN_IF_ERROR(reader_.Read({bytes, count}, on_reply));
        break;
      case Io::kWantsRead:
      case Io::kWantsWrite:
        return absl::OkStatus();
      case Io::kClosed:
        return absl::UnavailableError("Server closed the connection");
      case Io::kFailed:
        return absl::UnavailableError("the connection broke");
    }
  } while (socket_.HasBufferedInput());  // of which poll(2) does not tell
  return absl::OkStatus();
}

absl::Status Connection::Broken() const { return absl::UnavailableError(context_->errstr); }

}  // namespace interaction::redis
