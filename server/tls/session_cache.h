#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <deque>
#include <memory>

namespace interaction::tls {

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// The sessions of one server, by which a new connection resumes an earlier one instead of making a full handshake. Each
// is given out once, as RFC 8446, appendix C.4, asks of tickets. Not thread-safe.
class SessionCache {
 public:
  static constexpr size_t kMaxSessions = 32;  // the oldest goes

  void Put(Session session);

  // The newest that the server still accepts; nullptr: none.
  Session Take();

 private:
  std::deque<Session> sessions_;  // the newest at the end
};

}  // namespace interaction::tls
