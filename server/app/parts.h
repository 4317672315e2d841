#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/auth/gate.h"
#include "server/config/config.h"
#include "server/http/client.h"
#include "server/rpc/interaction_service.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"

namespace interaction::app {

// What is built from the configuration and replaced when it changes, all of it or nothing.
struct Parts {
  rpc::Upstreams upstreams;  // without endpoints, which belong to the lanes
  http::EndpointOptions seethepro;
  http::EndpointOptions wolkvox;
  std::shared_ptr<const tls::ServerContext> server_tls;  // null: clients connect without TLS
  std::shared_ptr<const auth::Access> access;
  std::shared_ptr<const tls::ClientContext> redis_tls;  // null: without TLS

  // By which it is seen whether TLS files have changed.
  std::string client_tls_digest;
  std::string server_tls_digest;
  std::string client_ca_digest;
};

// Builds the parts; `previous` (may be null) gives those that stay as they are, and the counts of its policy. Reads the
// TLS files. INVALID_ARGUMENT says what cannot be used.
absl::StatusOr<Parts> MakeParts(const config::Config& config, const Parts* previous, absl::Time now);

// The same access with another key set. INVALID_ARGUMENT if it cannot be used.
absl::StatusOr<std::shared_ptr<const auth::Access>> WithKeySet(const auth::Access& access, std::string key_set);

}  // namespace interaction::app
