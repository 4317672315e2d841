#include "sandbox/raw_delivery.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace interaction::sandbox {
namespace {

void WriteAll(int socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno != EAGAIN) return;
    pollfd writable{.fd = socket, .events = POLLOUT, .revents = 0};
    if (poll(&writable, 1, /*milliseconds=*/1000) <= 0) return;
  }
}

// Dissolving the association of a connected TCP socket sends a RST at once, whoever closes it later and however.
void Reset(int socket) {
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  static_cast<void>(connect(socket, &nobody, sizeof(nobody)));
}

std::string HeadOf(const Reply& reply) {
  std::string head = absl::StrCat("HTTP/1.1 ", reply.status, " Sandbox\r\n");
  for (const Header& header : reply.headers) absl::StrAppend(&head, header.name, ": ", header.value, "\r\n");
  return absl::StrCat(head, "Content-Length: ", reply.body.size(), "\r\n\r\n");
}

}  // namespace

void DeliverRaw(int socket, const Reply& reply) {
  const absl::string_view body = reply.body;
  switch (reply.delivery) {
    case Delivery::kWhole:
    case Delivery::kDripped:
      return WriteAll(socket, absl::StrCat(HeadOf(reply), body));
    case Delivery::kTruncated:
      return WriteAll(socket, absl::StrCat(HeadOf(reply), body.substr(0, body.size() / 2)));
    case Delivery::kResetMidway:
      WriteAll(socket, absl::StrCat(HeadOf(reply), body.substr(0, body.size() / 2)));
      return Reset(socket);
    case Delivery::kVerbatim:
      return WriteAll(socket, body);
    case Delivery::kClosed:
      return;
    case Delivery::kReset:
      return Reset(socket);
  }
}

}  // namespace interaction::sandbox
