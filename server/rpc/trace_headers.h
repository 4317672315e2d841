#pragma once

#include <grpcpp/server_context.h>

#include <vector>

#include "server/http/message.h"

namespace interaction::rpc {

// Takes the trace context of a call (W3C traceparent and tracestate, b3, x-b3-*, x-request-id) from its metadata and
// appends it as headers of the upstream's request: W3C always, b3 too if asked. Nothing else of the metadata goes
// upstream.
void AppendTraceHeaders(const grpc::ServerContext& context, bool with_b3, std::vector<http::Header>* headers);

}  // namespace interaction::rpc
