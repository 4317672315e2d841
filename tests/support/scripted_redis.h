#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "tests/support/sockets.h"

namespace interaction::testing {

// A Redis on a free port of the loopback interface that lets everybody in and answers every command with the same
// bytes, whatever they are.
//
//   const ScriptedRedis redis("*2147483648\r\n");
class ScriptedRedis {
 public:
  // `greets`: the first commands of a connection, which come at once, are answered as Redis would.
  explicit ScriptedRedis(std::string answer, bool greets = true);
  ~ScriptedRedis();

  uint16_t port() const { return LocalPort(listener_); }
  int commands() const { return commands_; }  // that were answered, besides the greeting's

 private:
  void Run();

  const std::string answer_;
  const bool greets_;
  const Fd listener_;
  std::atomic<bool> stop_{false};
  std::atomic<int> commands_{0};
  std::thread thread_;
};

}  // namespace interaction::testing
