#pragma once

#include <cstddef>

namespace interaction::http {

// The sockets of a connector, those handed over included.
struct SocketCount {
  size_t open = 0;
  size_t max_open = 0;

  bool full() const { return open >= max_open; }
};

}  // namespace interaction::http
