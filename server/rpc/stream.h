#pragma once

#include <grpcpp/support/async_stream.h>

#include "server/lane/completion.h"
#include "server/lane/task.h"
#include "server/rpc/call_life.h"

namespace interaction::rpc {

// Ends a stream with `status` and waits until gRPC has forgotten it. The last thing that a stream's task does.
template <typename Stream>
lane::Task<void> FinishStream(Stream* stream, CallLife* life, grpc::Status status) {
  lane::Operation finished;
  stream->Finish(status, finished.tag());
  co_await finished;
  co_await life->Ended();
}

}  // namespace interaction::rpc
