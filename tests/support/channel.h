#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "tests/support/certificates.h"
#include "tests/support/sockets.h"

namespace interaction::testing {

// What a read or write that does not block came to.
enum class Io { kDone, kAgain, kEnd, kError };

// The server's end of a connection, with or without TLS. Never blocks.
class Channel {
 public:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}
  virtual ~Channel() = default;

  // Appends what has arrived to `*in`. kEnd: the client has ended its side.
  virtual Io Read(std::string* in) = 0;

  // Writes the start of `bytes`; `*written` says how much.
  virtual Io Write(absl::string_view bytes, size_t* written) = 0;

  // Tells the client that nothing follows: close_notify in TLS, then FIN.
  virtual void End() { Cut(); }

  // FIN only.
  void Cut();

  // Closes with RST.
  void Reset();

  int fd() const { return socket_.get(); }

 private:
  Fd socket_;
};

std::unique_ptr<Channel> PlainChannel(Fd socket);

struct TlsOptions {
  KeyPairFiles identity;
  std::string client_ca_file;  // not "": clients have to show a certificate of this authority
  bool only_tls_1_0 = false;   // refuse to speak anything newer
  bool at_most_tls_1_2 = false;
};

// Makes the server's ends of TLS connections.
class TlsServer {
 public:
  explicit TlsServer(const TlsOptions& options);
  ~TlsServer();
  std::unique_ptr<Channel> Accept(Fd socket) const;

 private:
  SSL_CTX* context_;
};

}  // namespace interaction::testing
