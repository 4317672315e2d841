#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/call_life.h"
#include "server/telemetry/log.h"

namespace interaction::rpc {

// A call of a unary method. The request is raw bytes, so that one that cannot be parsed gets an answer of ours.
struct UnaryCall {
  CallLife life{CallLife::AtShutdown::kAnswer};
  grpc::ByteBuffer request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder{&life.context()};
  std::string request_id;  // once known, in canonical form: for the details of errors
  bool replayed = false;   // the answer is that of an earlier call
  bool bypassed = false;   // it was served without a record, because their store had failed
};

// A unary method of the service: how to ask gRPC for its next call, and how to answer one.
class UnaryMethod {
 public:
  // Asks gRPC for the next call of the method: a Request... function of the generated asynchronous service.
  using RequestCall = std::function<void(UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag)>;

  explicit UnaryMethod(RequestCall request_call) : request_call_(std::move(request_call)) {}
  virtual ~UnaryMethod() = default;

  // The serialized reply to a call, or the error, made with Error, to answer it with. `call` outlives the task.
  virtual lane::Task<absl::StatusOr<std::string>> Handle(lane::Lane* lane, LaneCalls* calls, UnaryCall* call) = 0;

  // Who is behind the method: for the details of errors.
  virtual absl::string_view upstream() const = 0;

  void RequestNext(UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag) { request_call_(call, queue, tag); }

 private:
  const RequestCall request_call_;
};

// Accepts calls of `method` on `lane`, one after the other, and serves each in a task of its own, until the server
// shuts down. Spawn it on the lane as often as calls may arrive at once. `log` may be null.
lane::Task<void> AcceptCalls(lane::Lane* lane, LaneCalls* calls, UnaryMethod* method, telemetry::Logger* log);

}  // namespace interaction::rpc
