#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"
#include "server/tls/session_cache.h"
#include "server/tls/stream.h"

namespace interaction::tls {

// Reads and writes a connected, non-blocking socket, with TLS or without. Not thread-safe. Does not close the socket.
class Socket {
 public:
  using Result = Stream::Result;

  explicit Socket(int fd) : fd_(fd) {}

  // TLS from here on, as client (Stream::Connect) or server (Stream::Accept): Handshake() until it is kDone or kFailed.
  // False: out of memory.
  ABSL_MUST_USE_RESULT bool Connect(const ClientContext& context, const std::string& host, SessionCache* sessions);
  ABSL_MUST_USE_RESULT bool Accept(const ServerContext& context);
  Result Handshake() { return stream_->Handshake(); }
  const HandshakeFailure& handshake_failure() const { return stream_->failure(); }

  // kDone with at least one byte. `*drained`: nothing more is there to be read at the moment.
  Result Read(char* buffer, size_t size, size_t* count, bool* drained);

  // Writes as much as the socket takes: kDone with all of `data` or kWantsWrite, and kFailed. `*count` bytes are gone.
  Result Write(absl::string_view data, size_t* count);

  // Write() in two steps, so that many sockets can take each of them one after the other. With TLS, Encrypt() appends
  // what is to be sent for all of `data`; false: the connection is of no use. Send() is for that, or without TLS for
  // the data, and then for what of it was left; as Write(). Nothing else is written in between.
  ABSL_MUST_USE_RESULT bool Encrypt(absl::string_view data, std::string* wire) { return stream_->Encrypt(data, wire); }
  Result Send(absl::string_view wire, size_t* count);

  // Read() in two steps. Receive() reads what is there, as Read(); with TLS that is not the data: Decrypt(), and then
  // Read() as long as there is more. What was received stays where it is as long as HasBufferedInput().
  Result Receive(char* buffer, size_t size, size_t* count, bool* drained);
  void Decrypt(absl::string_view wire) { stream_->Feed(wire); }

  // Whether bytes have arrived that nobody has read: kDone if so, else kWantsRead, kClosed or kFailed.
  Result LookForInput();

  // Whether bytes were taken from the socket that nobody has read: TLS decrypts a whole record at a time. epoll(7) does
  // not tell of them.
  bool HasBufferedInput() const { return stream_ != nullptr && stream_->HasBufferedInput(); }

  // Says goodbye in TLS, if the connection still works. Before the socket is closed.
  void End() { stream_.reset(); }

  int fd() const { return fd_; }
  bool has_tls() const { return stream_ != nullptr; }
  const Stream& stream() const { return *stream_; }

 private:
  const int fd_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace interaction::tls
