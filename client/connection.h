#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/completions.h"
#include "client/retry_policy.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "interaction/client.h"
#include "interaction/v1/interaction_service.grpc.pb.h"

namespace interaction::internal {

// A channel to the gateway, and what calls over it have in common. Calls under way share it with their client, which
// they may outlive. Thread-safe.
struct Connection {
  Connection(const ClientOptions& its_options, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  absl::Time DeadlineOf(const CallOptions& call) const {
    return call.deadline.value_or(absl::Now() + options.default_timeout);
  }

  // The channel connects when it is first used.
  bool IsConnected() const { return channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY; }

  // Asks the health service, and blocks until there is an answer.
  absl::StatusOr<ServingStatus> CheckHealth(absl::string_view name, const CallOptions& call);

  // Names the proxy where it may be to blame.
  absl::Status WithProxy(absl::Status error) const;

  const ClientOptions options;
  RetryPolicy retry;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::InteractionService::Stub> service;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health;
  Completions completions;
};

// Gives a call its metadata and its deadline. Fails if there is metadata that cannot be sent.
absl::Status Prepare(const CallOptions& call, absl::Time deadline, grpc::ClientContext& context);

// Adds who the caller is. Fails if the file that says so cannot be read.
absl::Status AddCredential(const ClientOptions& options, grpc::ClientContext& context);

// Cancels a call, once CallOptions::stop says so.
class CancelOnStop {
 public:
  CancelOnStop(const CallOptions& call, grpc::ClientContext& context) : callback_(call.stop, Cancel{&context}) {}

 private:
  struct Cancel {
    void operator()() const { context->TryCancel(); }
    grpc::ClientContext* context;
  };
  const std::stop_callback<Cancel> callback_;
};

}  // namespace interaction::internal
