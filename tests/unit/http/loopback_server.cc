#include "tests/unit/http/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::http {
namespace {

using ::interaction::testing::Require;

sockaddr_in Loopback(int port) {
  return {.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

int BoundSocket(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  Require(fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  Require(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  *port = ntohs(address.sin_port);
  return fd;
}

size_t ContentLength(const std::string& head) {
  const std::string lower = absl::AsciiStrToLower(head);
  const size_t at = lower.find("content-length:");
  if (at == std::string::npos) return 0;
  size_t length = 0;
  const std::string value = lower.substr(at + 15, lower.find('\r', at) - at - 15);
  Require(absl::SimpleAtoi(value, &length), "Content-Length");
  return length;
}

}  // namespace

Answer Reply(int status, const std::string& body) {
  return {absl::StrCat("HTTP/1.1 ", status, " Whatever\r\nContent-Type: application/json\r\nContent-Length: ",
                       body.size(), "\r\n\r\n", body)};
}
Answer Silence() { return {}; }
Answer Close(std::string bytes) { return {std::move(bytes), Answer::Then::kClose}; }
Answer Reset(std::string bytes) { return {std::move(bytes), Answer::Then::kReset}; }

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = BoundSocket(&port_);
  stop_ = eventfd(0, EFD_CLOEXEC);
  Require(stop_ >= 0 && listen(listener_, 4096) == 0, "listen");
  thread_ = std::thread([this] { Run(); });
}

LoopbackServer::~LoopbackServer() {
  eventfd_write(stop_, 1);
  thread_.join();
  for (const auto& [fd, peer] : peers_) close(fd);
  close(listener_);
  close(stop_);
}

std::string LoopbackServer::url(const std::string& path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::vector<Received> LoopbackServer::received() const {
  const std::scoped_lock lock(mutex_);
  return received_;
}

int LoopbackServer::connections() const {
  const std::scoped_lock lock(mutex_);
  return connections_;
}

void LoopbackServer::WaitForRequests(int count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return static_cast<int>(received_.size()) >= count; });
}

void LoopbackServer::Run() {
  while (true) {
    std::vector<pollfd> fds = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) fds.push_back({fd, POLLIN, 0});
    Require(poll(fds.data(), fds.size(), -1) > 0, "poll");
    if (fds[0].revents != 0) return;
    for (size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents == 0 || Read(fds[i].fd, peers_.at(fds[i].fd))) continue;
      close(fds[i].fd);
      peers_.erase(fds[i].fd);
    }
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const std::scoped_lock lock(mutex_);
      peers_[fd] = {.number = connections_++};
    }
  }
}

bool LoopbackServer::Read(int fd, Peer& peer) {
  char buffer[64 << 10];
  const ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size <= 0) return false;
  peer.unread.append(buffer, static_cast<size_t>(size));
  const size_t end = peer.unread.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  Received request = {peer.number, peer.requests, peer.unread.substr(0, end), ""};
  const size_t length = ContentLength(request.head);
  if (peer.unread.size() < end + 4 + length) return true;
  request.body = peer.unread.substr(end + 4, length);
  peer.unread.erase(0, end + 4 + length);
  ++peer.requests;
  {
    const std::scoped_lock lock(mutex_);
    received_.push_back(request);
    changed_.notify_all();
  }
  return Do(fd, handler_(request));
}

bool LoopbackServer::Do(int fd, const Answer& answer) {
  for (size_t sent = 0; sent < answer.bytes.size();) {
    const ssize_t size = send(fd, answer.bytes.data() + sent, answer.bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return false;  // the client has had enough
    sent += static_cast<size_t>(size);
  }
  if (answer.then == Answer::Then::kReset) {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  return answer.then == Answer::Then::kKeepOpen;
}

SilentPort::SilentPort() {
  // A queue of one that nobody empties: the kernel drops what comes after.
  sockets_.push_back(BoundSocket(&port_));
  Require(listen(sockets_[0], 0) == 0, "listen");
  for (int i = 0; i < 3; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = Loopback(port_);
    Require(fd >= 0, "socket");
    (void)connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    sockets_.push_back(fd);
  }
}

SilentPort::~SilentPort() {
  for (const int fd : sockets_) close(fd);
}

std::string SilentPort::url() const { return absl::StrCat("http://127.0.0.1:", port_, "/"); }

std::string UrlOfClosedPort() {
  int port;
  close(BoundSocket(&port));
  return absl::StrCat("http://127.0.0.1:", port, "/");
}

}  // namespace interaction::http
