#pragma once

#include <grpcpp/support/status.h>

#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/random/bit_gen_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::internal {

// When a call is tried again: the retry policy and the throttling of client/service_config.json, as gRPC's retry design
// (gRFC A6) understands them. They are applied here and not by gRPC, which does not tell what became of each attempt:
// one that got no answer leaves the outcome unknown, also where the gateway refuses the next one. Thread-safe.
class RetryPolicy {
 public:
  RetryPolicy();

  // What is left of client/service_config.json for gRPC: health checks, and how calls are spread over addresses.
  static std::string ServiceConfigOfGrpc();

  // After so many attempts, of which the last one ended with this code: how long to wait for the next one; nothing: no
  // more. `pushback`: the answer's grpc-retry-pushback-ms, if it had one.
  std::optional<absl::Duration> Wait(int attempts, grpc::StatusCode code, std::optional<absl::string_view> pushback,
                                     absl::BitGenRef random);

  // After an attempt that succeeded.
  void Succeeded();

 private:
  bool Spend(bool is_failure);

  int max_attempts_ = 0;
  absl::Duration initial_backoff_;
  absl::Duration max_backoff_;
  double multiplier_ = 1;
  std::set<std::string> retryable_;  // names of codes
  double max_tokens_ = 0;
  double token_ratio_ = 0;
  std::mutex mutex_;
  double tokens_ = 0;
};

}  // namespace interaction::internal
