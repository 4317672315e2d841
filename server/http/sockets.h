#pragma once

#include <cstddef>

namespace interaction::http {

// Opens and closes the sockets of a connector, and counts them: those being connected and those handed over.
class Sockets {
 public:
  explicit Sockets(size_t max_open) : max_open_(max_open) {}

  // A non-blocking TCP socket that sends small pieces at once and keeps a silent connection alive. -1: errno says why,
  // EMFILE also when `max_open` are open.
  int Open(int family);
  void Close(int fd);

 private:
  const size_t max_open_;
  size_t open_ = 0;
};

}  // namespace interaction::http
