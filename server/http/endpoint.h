#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/client.h"
#include "server/http/client_parts.h"
#include "server/http/origin.h"
#include "server/http/transfer.h"

namespace interaction::http {

// One upstream's settings, the origins its requests went to, and its spare transfers.
class Endpoint {
 public:
  // `parts` outlives the endpoint. `options.tls` is set.
  Endpoint(const EndpointOptions& options, ClientParts* parts);

  const std::shared_ptr<const EndpointOptions>& options() const { return options_; }

  // Transfers that begin from now on are made by these; those under way keep the ones that they began with. Idle
  // connections are closed, because they were made by the old ones. `options.tls` is set.
  void Use(const EndpointOptions& options);

  // A transfer out of the pool, or a new one.
  std::unique_ptr<Transfer> TakeTransfer();

  // Back into the pool, unless it is full or the options have changed.
  void GiveBack(std::unique_ptr<Transfer> transfer);

  // Where a URL leads. Fails if it must not be sent to.
  absl::StatusOr<Origin*> OriginOf(const std::string& url);

  // Closes connections that are too old to be used again.
  void CloseOldConnections(SteadyTime now);

  // What a proxy that forwards requests is told: "Basic ..."; "": nothing.
  const std::string& proxy_authorization() const { return proxy_authorization_; }

 private:
  void ForgetUnusedOrigins();

  std::shared_ptr<const EndpointOptions> options_;
  ClientParts* const parts_;
  std::string proxy_authorization_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;  // by all that stands before a URL's path
  std::vector<std::unique_ptr<Origin>> former_;  // of options before these, until the last transfer has ended
  std::string key_;                              // to look up without allocating
};

}  // namespace interaction::http
