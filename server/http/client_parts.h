#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>

#include "absl/strings/string_view.h"
#include "server/event/loop.h"
#include "server/http/batches.h"
#include "server/http/connector.h"

namespace interaction::http {

// What the endpoints, origins and transfers of a client share.
struct ClientParts {
  event::Loop* loop = nullptr;
  std::unique_ptr<Connector> connector;
  std::unique_ptr<Batches> batches;
  std::function<void(absl::string_view authority)> on_stray_bytes;

  size_t max_idle = 0;
  size_t idle = 0;  // connections
  size_t busy = 0;  // transfers that have, or wait for, a connection

  // Idle ones may be as many as `max_idle`, or as the transfers in flight: under load each will be used again soon.
  bool HasTooManyIdle() const { return idle >= std::max(max_idle, busy); }

  void ReportStrayBytes(absl::string_view authority) const {
    if (on_stray_bytes) on_stray_bytes(authority);
  }
};

}  // namespace interaction::http
