#include "tests/support/connect_proxy.h"

#include <poll.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

std::string ReadHead(const Fd& caller) {
  std::string head;
  char byte;
  while (!absl::EndsWith(head, "\r\n\r\n") && recv(caller.get(), &byte, 1, 0) == 1) head.push_back(byte);
  return head;
}

void Send(const Fd& to, absl::string_view text) { send(to.get(), text.data(), text.size(), MSG_NOSIGNAL); }

// Passes on what `from` has to read; false at its end.
bool Pass(const Fd& from, const Fd& to) {
  char buffer[16384];
  const ssize_t size = recv(from.get(), buffer, sizeof(buffer), 0);
  return size > 0 && send(to.get(), buffer, static_cast<size_t>(size), MSG_NOSIGNAL) == size;
}

void Tunnel(const Fd& caller, const Fd& target) {
  pollfd ends[] = {{caller.get(), POLLIN, 0}, {target.get(), POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !Pass(caller, target)) return;
    if (ends[1].revents != 0 && !Pass(target, caller)) return;
  }
}

// Of "CONNECT 127.0.0.1:41234 HTTP/1.1".
uint16_t PortIn(absl::string_view head) {
  const size_t space = head.find(' ', head.find(' ') + 1);
  const size_t colon = head.rfind(':', space);
  int port = 0;
  Require(absl::SimpleAtoi(head.substr(colon + 1, space - colon - 1), &port), "port of a CONNECT");
  return static_cast<uint16_t>(port);
}

}  // namespace

ConnectProxy::ConnectProxy(Answer answer)
    : answer_(answer), listener_([] {
        // Blocking, unlike what BindLoopback makes: this proxy has a thread of its own.
        Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        Require(socket.valid() && listen(socket.get(), SOMAXCONN) == 0, "listening socket");  // binds to a free port
        return socket;
      }()) {
  thread_ = std::thread([this] { Run(); });
}

ConnectProxy::~ConnectProxy() {
  shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
  thread_.join();
}

std::vector<std::string> ConnectProxy::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ConnectProxy::Run() {
  while (true) {
    const Fd caller(accept(listener_.get(), nullptr, nullptr));
    if (!caller.valid()) return;
    ServeOne(caller);
  }
}

void ConnectProxy::ServeOne(const Fd& caller) {
  const std::string head = ReadHead(caller);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(head);
  }
  if (answer_ == Answer::kForbidden) return Send(caller, "HTTP/1.1 403 Forbidden\r\n\r\n");
  const Fd target = ConnectLoopback(PortIn(head));
  Send(caller, "HTTP/1.1 200 Connection established\r\n\r\n");
  Tunnel(caller, target);
}

}  // namespace interaction::testing
