#include "server/rpc/admit.h"

#include <utility>

namespace interaction::rpc {

absl::StatusOr<auth::Pass> Admit(const ServerCall& arrived, const CallMetadata& metadata, absl::string_view rpc,
                                 auth::Gate* gate) {
  auth::Caller connection = arrived.caller();
  if (gate == nullptr) return auth::Pass{.caller = std::move(connection), .rule = nullptr};
  auth::Presented presented = {.authorization = metadata.authorization,
                               .api_key = metadata.api_key,
                               .forwarded = metadata.forwarded,
                               .repeated = metadata.repeats_credential,
                               .connection = std::move(connection)};
  if (gate->wants_peer()) presented.peer = arrived.peer();
  return gate->Admit(presented, rpc);
}

}  // namespace interaction::rpc
