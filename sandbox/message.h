#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::sandbox {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

// A request that was read to its last byte.
struct Request {
  std::string method;
  std::string target;           // path and query, exactly as on the request line
  std::vector<Header> headers;  // in the order and spelling in which they arrived
  std::string body;
  uint64_t connection = 0;  // number of the TCP connection, from 1: shows whether connections are reused

  // The target before its question mark, and the raw value of one parameter after it.
  absl::string_view Path() const;
  std::optional<std::string> Parameter(absl::string_view name) const;
  // The first header of that name, in any case.
  std::optional<absl::string_view> Find(absl::string_view name) const;
};

// How a reply is sent.
enum class Delivery {
  kWhole,        // as HTTP requires
  kDripped,      // head at once, then one byte of the body a second
  kTruncated,    // Content-Length promises the whole body, the connection ends after half of it
  kResetMidway,  // the same, but the connection is reset
  kVerbatim,     // `body` is everything that is written, status line and all; then the connection is closed
  kClosed,       // the connection is closed without a byte
  kReset,        // the connection is reset without a byte
};

// The reply and how to send it. Content-Length and Date are added when it is sent.
struct Reply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
  Delivery delivery = Delivery::kWhole;
  absl::Duration delay;  // before the first byte
  std::string scenario;  // the scenario that the request asks for, "" for none: see vendor.h

  // Replaces the header, or adds it.
  void Set(absl::string_view name, absl::string_view value);
};

}  // namespace interaction::sandbox
