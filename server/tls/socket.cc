#include "server/tls/socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace interaction::tls {
namespace {

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

bool Socket::Connect(const ClientContext& context, const std::string& host, SessionCache* sessions) {
  stream_ = Stream::Connect(context, fd_, host, sessions);
  return stream_ != nullptr;
}

bool Socket::Accept(const ServerContext& context) {
  stream_ = Stream::Accept(context, fd_);
  return stream_ != nullptr;
}

Socket::Result Socket::Read(char* buffer, size_t size, size_t* count, bool* drained) {
  if (!stream_) return Receive(buffer, size, count, drained);
  *drained = false;
  return stream_->Read(buffer, size, count);
}

Socket::Result Socket::Receive(char* buffer, size_t size, size_t* count, bool* drained) {
  *drained = false;
  const ssize_t received = recv(fd_, buffer, size, 0);
  if (received < 0 && IsTemporary(errno)) return Result::kWantsRead;
  if (received <= 0) {
    if (stream_) stream_->Break();
    return received == 0 ? Result::kClosed : Result::kFailed;
  }
  *count = static_cast<size_t>(received);
  *drained = !stream_ && *count < size;
  return Result::kDone;
}

Socket::Result Socket::Write(absl::string_view data, size_t* count) {
  if (!stream_) return Send(data, count);
  *count = 0;
  while (*count < data.size()) {
    size_t written = 0;
    const Result result = stream_->Write(data.substr(*count), &written);
    if (result == Result::kWantsRead) return Result::kFailed;  // it would renegotiate, which is switched off
    if (result != Result::kDone) return result;
    *count += written;
  }
  return Result::kDone;
}

Socket::Result Socket::Send(absl::string_view wire, size_t* count) {
  *count = 0;
  const ssize_t sent = send(fd_, wire.data(), wire.size(), MSG_NOSIGNAL);
  if (sent < 0) return IsTemporary(errno) ? Result::kWantsWrite : Result::kFailed;
  *count = static_cast<size_t>(sent);
  if (*count < wire.size()) return Result::kWantsWrite;
  if (stream_) stream_->Hold(false);
  return Result::kDone;
}

Socket::Result Socket::LookForInput() {
  if (HasBufferedInput()) return stream_->LookForInput();
  char byte;
  const ssize_t received = recv(fd_, &byte, 1, MSG_PEEK);
  if (received < 0) return IsTemporary(errno) ? Result::kWantsRead : Result::kFailed;
  if (received == 0) return Result::kClosed;
  return stream_ ? stream_->LookForInput() : Result::kDone;  // it may be a session ticket
}

}  // namespace interaction::tls
