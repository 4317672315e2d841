#include "server/http/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>

namespace interaction::http {
namespace {

enum class Kind { kPublic, kLoopback, kPrivate, kForbidden };

constexpr uint32_t Ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return a << 24 | b << 16 | c << 8 | d; }

struct Ipv4Range {
  uint32_t prefix;
  int length;
  Kind kind;
};

// IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771).
constexpr Ipv4Range kIpv4Ranges[] = {
    {Ip(0, 0, 0, 0), 8, Kind::kForbidden},        // "this network"; 0.0.0.0 connects to this machine
    {Ip(10, 0, 0, 0), 8, Kind::kPrivate},         // RFC 1918
    {Ip(100, 64, 0, 0), 10, Kind::kPrivate},      // carrier-grade NAT, RFC 6598
    {Ip(127, 0, 0, 0), 8, Kind::kLoopback},       // RFC 1122
    {Ip(169, 254, 0, 0), 16, Kind::kForbidden},   // link-local; 169.254.169.254 hands out a cloud's credentials
    {Ip(172, 16, 0, 0), 12, Kind::kPrivate},      // RFC 1918
    {Ip(192, 0, 0, 0), 24, Kind::kForbidden},     // IETF protocol assignments
    {Ip(192, 0, 2, 0), 24, Kind::kForbidden},     // documentation
    {Ip(192, 88, 99, 0), 24, Kind::kForbidden},   // 6to4 relays, deprecated
    {Ip(192, 168, 0, 0), 16, Kind::kPrivate},     // RFC 1918
    {Ip(198, 18, 0, 0), 15, Kind::kForbidden},    // benchmarks
    {Ip(198, 51, 100, 0), 24, Kind::kForbidden},  // documentation
    {Ip(203, 0, 113, 0), 24, Kind::kForbidden},   // documentation
    {Ip(224, 0, 0, 0), 4, Kind::kForbidden},      // multicast
    {Ip(240, 0, 0, 0), 4, Kind::kForbidden},      // reserved, and broadcast
};

struct Ipv6Range {
  std::array<uint16_t, 8> prefix;
  int length;
  Kind kind;
  int ipv4_at = -1;  // where the IPv4 address stands that the range leads to, and that decides instead of `kind`
};

// IANA IPv6 Special-Purpose Address Registry; the first range that fits decides.
constexpr Ipv6Range kIpv6Ranges[] = {
    {{0, 0, 0, 0, 0, 0xffff}, 96, Kind::kForbidden, 12},  // IPv4-mapped, RFC 4291
    {{0x64, 0xff9b}, 96, Kind::kForbidden, 12},           // NAT64, RFC 6052
    {{0x2002}, 16, Kind::kForbidden, 2},                  // 6to4, RFC 3056
    {{0, 0, 0, 0, 0, 0, 0, 1}, 128, Kind::kLoopback},     // RFC 4291
    {{0xfc00}, 7, Kind::kPrivate},                        // unique local, RFC 4193
    {{0x2001}, 23, Kind::kForbidden},                     // IETF protocol assignments, Teredo among them
    {{0x2001, 0xdb8}, 32, Kind::kForbidden},              // documentation
    {{0x3fff}, 20, Kind::kForbidden},                     // documentation, RFC 9637
    {{0x2000}, 3, Kind::kPublic},                         // global unicast
    {{}, 0, Kind::kForbidden},                            // the rest: ::, fe80::/10, ff00::/8, unassigned
};

Kind KindOf(uint32_t ip) {
  for (const Ipv4Range& range : kIpv4Ranges) {
    if ((ip ^ range.prefix) >> (32 - range.length) == 0) return range.kind;
  }
  return Kind::kPublic;
}

uint8_t ByteAt(const Ipv6Range& range, int i) { return range.prefix[i / 2] >> (i % 2 == 0 ? 8 : 0) & 0xff; }

bool IsIn(const Ipv6Range& range, const uint8_t* ip) {
  for (int i = 0, bits = range.length; bits > 0; ++i, bits -= 8) {
    const uint8_t difference = ip[i] ^ ByteAt(range, i);
    if (bits < 8 ? difference >> (8 - bits) : difference) return false;
  }
  return true;
}

Kind KindOf(const uint8_t* ip) {
  for (const Ipv6Range& range : kIpv6Ranges) {
    if (!IsIn(range, ip)) continue;
    if (range.ipv4_at < 0) return range.kind;
    const uint8_t* ipv4 = ip + range.ipv4_at;
    return KindOf(Ip(ipv4[0], ipv4[1], ipv4[2], ipv4[3]));
  }
  return Kind::kForbidden;
}

Kind KindOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) return KindOf(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  if (address.sa_family == AF_INET6) return KindOf(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr);
  return Kind::kForbidden;
}

}  // namespace

bool AddressPolicy::Allows(const sockaddr& address) const {
  switch (KindOf(address)) {
    case Kind::kPublic:
      return true;
    case Kind::kLoopback:
      return allow_loopback;
    case Kind::kPrivate:
      return allow_private;
    case Kind::kForbidden:
      return false;
  }
  return false;
}

bool AddressPolicy::Allows(const std::string& ip) const {
  sockaddr_in v4 = {.sin_family = AF_INET};
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) return Allows(reinterpret_cast<const sockaddr&>(v4));
  sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) return Allows(reinterpret_cast<const sockaddr&>(v6));
  return false;
}

bool IsIpAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace interaction::http
