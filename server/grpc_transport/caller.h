#pragma once

#include <grpc/grpc.h>

#include "server/auth/caller.h"

namespace interaction::grpc_transport {

// Who calls, as far as the connection tells: the verified identity of the peer's certificate, if it has one.
auth::Caller CallerOf(grpc_call* call);

}  // namespace interaction::grpc_transport
