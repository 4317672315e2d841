#pragma once

#include <sys/socket.h>

#include <string>

namespace interaction::http {

// Which addresses may be connected to: the guard against server-side request forgery. By default only public ones:
// loopback, private, link-local (169.254.169.254!), carrier-grade NAT, unique local, multicast, unspecified,
// documentation and reserved ranges are refused, also when they hide in an IPv4-mapped, NAT64 or 6to4 address.
struct AddressPolicy {
  bool allow_loopback = false;  // 127.0.0.0/8, ::1: sandboxes and tests
  bool allow_private = false;   // RFC 1918, RFC 4193, RFC 6598: an egress proxy or a private link

  bool operator==(const AddressPolicy&) const = default;

  bool Allows(const sockaddr& address) const;

  // The same for an address as text, without brackets or port. What is not an address is not allowed.
  bool Allows(const std::string& ip) const;
};

// Whether a host is an address ("192.0.2.1", "2001:db8::1") and not a name.
bool IsIpAddress(const std::string& host);

}  // namespace interaction::http
