#include "server/listen/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace interaction::listen {
namespace {

// As many as possible: the kernel uses net.core.somaxconn if that is less.
constexpr int kBacklog = 65535;

// Accepted from one socket before checking the others and whether to end.
constexpr int kAtOnce = 64;

constexpr int kShortagePauseMs = 100;
constexpr SteadyTime kShortageReportNs = 10'000'000'000;

std::string WhyNot(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the port is taken";
    case EADDRNOTAVAIL:
      return "this machine does not have the address";
    case EACCES:
      return "this user may not listen there";
    default:
      return strerrordesc_np(error);
  }
}

// Whether accept(2) failed because of the next connection, which is then gone; Linux also reports network errors of
// that connection. Otherwise the process or machine lacks a resource, and the connection still waits.
bool IsOfOneConnection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // a firewall rule
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

void SetOption(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

// A socket that listens at `address`; otherwise -1 with errno set.
int ListenAt(const sockaddr_storage& address, socklen_t size) {
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // lingering connections of an earlier server are no obstacle
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // connections inherit it
  const auto* wildcard = reinterpret_cast<const sockaddr_in6*>(&address);
  const bool both = address.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&wildcard->sin6_addr);
  if (address.ss_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

void SetPort(int port, sockaddr_storage* address) {
  const in_port_t value = htons(static_cast<uint16_t>(port));
  if (address->ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = value;
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = value;
  }
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

struct HostAndPort {
  std::string host;  // without brackets
  int port = 0;
};

HostAndPort Split(absl::string_view address) {
  HostAndPort result;
  const size_t colon = address.rfind(':');
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  result.host = std::string(host);
  if (colon != absl::string_view::npos) (void)absl::SimpleAtoi(address.substr(colon + 1), &result.port);
  return result;
}

bool IsGone(int fd) {
  sockaddr_storage peer;
  socklen_t size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0;
}

}  // namespace

Listener::Listener(const Clock* clock, telemetry::Logger* log) : clock_(clock), log_(log) {}

Listener::~Listener() { Close(); }

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const std::string& address, const Clock* clock,
                                                         telemetry::Logger* log) {
  auto listener = std::unique_ptr<Listener>(new Listener(clock, log));
  listener->address_ = address;
  absl::string_view path = address;
  absl::Status opened;
  if (absl::ConsumePrefix(&path, "unix:")) {
    opened = listener->OpenUnix(std::string(path));
  } else {
    const HostAndPort to = Split(address);
    opened = listener->OpenTcp(to.host, to.port);
  }
  listener->stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (opened.ok() && listener->stop_ < 0) opened = absl::UnavailableError(WhyNot(errno));
  if (opened.ok()) return listener;
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", opened.message()));
}

absl::Status Listener::OpenUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return absl::UnavailableError(WhyNot(errno));
  sockets_.push_back(fd);
  ASSIGN_OR_RETURN(path_, UnixSocketPath::Listen(fd, path, kBacklog));
  return absl::OkStatus();
}

absl::Status Listener::OpenTcp(const std::string& host, int port) {
  const bool all = host == "0.0.0.0" || host == "::";
  addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  if (getaddrinfo(all ? nullptr : host.c_str(), "0", &hints, &list) != 0) {
    return absl::UnavailableError("the name does not resolve");
  }
  const absl::Cleanup free_list = [list] { freeaddrinfo(list); };
  // For all addresses, IPv6 is tried first, because an IPv6 socket also accepts IPv4 connections.
  int error = 0;
  for (const int family : {AF_INET6, AF_INET}) {
    if (all && !sockets_.empty()) break;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      if (entry->ai_family != family) continue;
      sockaddr_storage to{};
      memcpy(&to, entry->ai_addr, entry->ai_addrlen);
      SetPort(port, &to);
      const int fd = ListenAt(to, entry->ai_addrlen);
      if (fd < 0) {
        error = errno;
        // A name may have addresses of a family that the machine lacks. Any other failure is an error, because callers
        // at that address would find no server, or another one.
        if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) continue;
        return absl::UnavailableError(WhyNot(error));
      }
      sockets_.push_back(fd);
      if (port == 0) port = PortOf(fd);
    }
  }
  if (sockets_.empty()) return absl::UnavailableError(WhyNot(error));
  address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", port);
  return absl::OkStatus();
}

absl::Status Listener::Start(TakeConnection take) {
  take_ = std::move(take);
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return absl::ResourceExhaustedError("no thread can be started");
  }
  return absl::OkStatus();
}

void Listener::Close() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  path_.reset();
  for (const int fd : sockets_) close(fd);
  sockets_.clear();
  if (stop_ >= 0) close(std::exchange(stop_, -1));
}

void Listener::Run() {
  std::vector<pollfd> waiting = {{.fd = stop_, .events = POLLIN, .revents = 0}};
  for (const int fd : sockets_) waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  while (true) {
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    bool shortage = false;
    for (size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0 && !AcceptSome(waiting[i].fd)) shortage = true;
    }
    // The sockets stay readable, so without a pause this would spin.
    if (shortage) poll(waiting.data(), 1, kShortagePauseMs);
    if (waiting[0].revents != 0) return;
  }
}

// Returns false if connections wait that cannot be accepted now.
bool Listener::AcceptSome(int listening_fd) {
  for (int i = 0; i < kAtOnce; ++i) {
    const int fd = accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      // Reset before it was accepted. gRPC would log a line about each.
      if (IsGone(fd)) {
        close(fd);
      } else {
        take_(listening_fd, fd);
      }
      continue;
    }
    if (errno == EAGAIN) return true;
    if (IsOfOneConnection(errno)) continue;
    ReportShortage(errno);
    return false;
  }
  return true;
}

void Listener::ReportShortage(int error) {
  const SteadyTime now = clock_->SteadyNow();
  if (log_ == nullptr || now < report_after_) return;
  report_after_ = now + kShortageReportNs;
  log_->Log(telemetry::LogLevel::kError, "connections cannot be accepted and wait",
            {{"error", strerrordesc_np(error)}});
}

}  // namespace interaction::listen
