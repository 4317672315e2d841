#include "tests/support/scripted_redis.h"

#include <poll.h>
#include <sys/socket.h>

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

// What is answered to the one command of the client's greeting, the question for maxmemory-policy: nothing to tell.
constexpr absl::string_view kGreeting = "*0\r\n";

struct Peer {
  Fd socket;
  bool greeted = false;
};

Fd Listen() {
  Fd socket = BindLoopback();
  Require(listen(socket.get(), 16) == 0, "listen");
  return socket;
}

}  // namespace

ScriptedRedis::ScriptedRedis(std::string answer, bool greets)
    : answer_(std::move(answer)), greets_(greets), listener_(Listen()) {
  thread_ = std::thread(&ScriptedRedis::Run, this);
}

ScriptedRedis::~ScriptedRedis() {
  stop_ = true;
  shutdown(listener_.get(), SHUT_RD);  // wakes poll
  thread_.join();
}

void ScriptedRedis::Run() {
  std::vector<Peer> peers;
  while (true) {
    std::vector<pollfd> polled = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Peer& peer : peers) polled.push_back({.fd = peer.socket.get(), .events = POLLIN, .revents = 0});
    poll(polled.data(), polled.size(), -1);
    if (stop_) return;
    for (size_t i = 0; i < peers.size(); ++i) {
      if (polled[i + 1].revents == 0) continue;
      char command[1 << 16];  // the commands of a test are short, and come one at a time
      if (recv(peers[i].socket.get(), command, sizeof command, 0) <= 0) {
        peers[i].socket.Reset();  // poll passes over it from now on
        continue;
      }
      const bool greeted = std::exchange(peers[i].greeted, true) || !greets_;
      const absl::string_view answer = greeted ? absl::string_view(answer_) : kGreeting;
      commands_ += greeted;
      send(peers[i].socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    if (polled[0].revents != 0) {
      if (Fd socket(accept(listener_.get(), nullptr, nullptr)); socket.valid()) peers.push_back({std::move(socket)});
    }
  }
}

}  // namespace interaction::testing
