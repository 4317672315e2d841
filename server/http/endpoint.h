#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/client.h"
#include "server/http/origin.h"
#include "server/http/transfer.h"

namespace interaction::http {

// One upstream's settings, the origins its requests went to, and its warm handles.
class Endpoint {
 public:
  // `connections` outlives the endpoint.
  Endpoint(const EndpointOptions& options, Connections* connections) : options_(options), connections_(connections) {}

  const EndpointOptions& options() const { return options_; }

  // A transfer out of the pool, or a new one.
  std::unique_ptr<Transfer> TakeTransfer();

  // Back into the pool, unless it is full.
  void GiveBack(std::unique_ptr<Transfer> transfer);

  // Where a URL leads. Fails if it must not be sent to.
  absl::StatusOr<Origin*> OriginOf(const std::string& url);

  // Closes connections that are too old to be used again.
  void CloseUnused(SteadyTime now);

 private:
  void ForgetUnusedOrigins();

  const EndpointOptions options_;
  Connections* const connections_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;  // by all that stands before a URL's path
  std::string key_;                                                   // to look up without allocating
};

}  // namespace interaction::http
