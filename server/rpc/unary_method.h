#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/call/admission.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/call_life.h"
#include "server/rpc/failure_log.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"

namespace interaction::rpc {

// A call of a unary method. The request is raw bytes, so that one that cannot be parsed gets an answer of ours.
struct UnaryCall {
  CallLife life{CallLife::AtShutdown::kAnswer};
  grpc::ByteBuffer request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder{&life.context()};
  std::shared_ptr<const call::Admission::Permit> permit;  // once admitted, until its answer was taken or given up
  std::string request_id;                                 // once known, in canonical form: for the details of errors
  bool replayed = false;                                  // the answer is that of an earlier call
  bool bypassed = false;  // it was served without a record, because their store had failed
};

// A unary method of the service: how to ask gRPC for its next call, and how to answer one.
class UnaryMethod {
 public:
  // Asks gRPC for the next call of the method: a Request... function of the generated asynchronous service.
  using RequestCall = std::function<void(UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag)>;

  // `upstream`: who is behind the method, for the details of errors. `counters` and `log` may be null.
  UnaryMethod(RequestCall request_call, absl::string_view upstream, telemetry::Counters* counters,
              telemetry::Logger* log)
      : upstream_(upstream), counters_(counters), log_(log), request_call_(std::move(request_call)) {}
  virtual ~UnaryMethod() = default;

  // The serialized reply to a call, or the error, made with Error, to answer it with. `call` outlives the task.
  virtual lane::Task<absl::StatusOr<std::string>> Handle(lane::Lane* lane, LaneCalls* calls, UnaryCall* call) = 0;

  // Accepts calls on `lane`, one after the other, and serves each in a task of its own, until the server shuts down.
  // Spawn it on the lane as often as calls may arrive at once.
  lane::Task<void> AcceptCalls(lane::Lane* lane, LaneCalls* calls);

 private:
  lane::Task<void> Serve(lane::Lane* lane, LaneCalls* calls, std::unique_ptr<UnaryCall> call);
  void Finish(UnaryCall& call, const absl::StatusOr<std::string>& reply, void* tag) const;
  void ReportUnread(const UnaryCall& call, const absl::Status& result) const;

  const std::string upstream_;
  telemetry::Counters* const counters_;
  telemetry::Logger* const log_;
  FailureLog failures_{upstream_, log_};
  const RequestCall request_call_;
};

}  // namespace interaction::rpc
