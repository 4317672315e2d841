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
#include "server/redis/server_error.h"

namespace interaction::redis {
namespace {

constexpr int kMaxDepth = 7;  // hiredis reads no deeper; said here so that the recursion is plainly bounded

// A reply or, when there is an error anywhere in it, that error.
absl::StatusOr<Reply> ToReply(const redisReply& from, int depth = 0) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_ERROR:
      return ServerError(absl::string_view(from.str, from.len));
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::kInteger;
      reply.integer = from.integer;
      return reply;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::kString;
      reply.text.assign(from.str, from.len);
      return reply;
    case REDIS_REPLY_ARRAY:
      if (depth >= kMaxDepth) return absl::InternalError("Redis' reply is nested too deeply");
      reply.kind = Reply::Kind::kArray;
      for (size_t i = 0; i < from.elements; ++i) {
        ASSIGN_OR_RETURN(Reply element, ToReply(*from.element[i], depth + 1));
        reply.elements.push_back(std::move(element));
      }
      return reply;
    default:
      return reply;
  }
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

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
  // An error stays in the context, and the next Turn finds it.
  redisAppendCommandArgv(context_, static_cast<int>(words.size()), texts.data(), sizes.data());
  writing_ = true;
}

absl::Status Connection::Turn(short revents, OnReply on_reply) {
  if (!connected_) {
    if (revents == 0) return absl::OkStatus();
    RETURN_IF_ERROR(FinishConnecting());
  }
  // What has arrived counts even if the connection broke since, so reading comes first.
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

absl::Status Connection::Read(OnReply on_reply) {
  // The last bytes before an end of the stream came with earlier reads: nothing is lost by stopping at the error.
  if (redisBufferRead(context_) != REDIS_OK) return Broken();
  while (true) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context_, &raw) != REDIS_OK) return Broken();
    if (raw == nullptr) return absl::OkStatus();
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    RETURN_IF_ERROR(on_reply(ToReply(*reply)));
  }
}

absl::Status Connection::Broken() const { return absl::UnavailableError(context_->errstr); }

}  // namespace interaction::redis
