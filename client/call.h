#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/status_conversion.h"
#include "client/task.h"
#include "interaction/client.h"

namespace interaction::internal {

// What prepares a call to a method: Stub::PrepareAsync...
template <typename Request, typename Response>
using Method = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (v1::InteractionService::Stub::*)(
    grpc::ClientContext*, const Request&, grpc::CompletionQueue*);

absl::Status CancelledUnsent();

// Sends what `prepare` makes, a call to any method, and waits for its end, which CallOptions::stop brings about too.
template <typename Response, typename Prepared>
Task<grpc::Status> Send(Connection& connection, const CallOptions& call, grpc::ClientContext& context,
                        Response& response, Prepared prepare) {
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  const CancelOnStop cancel(call, context);
  co_await connection.completions.Wait([&](grpc::CompletionQueue* queue, void* tag) {
    reader = prepare(queue);
    reader->StartCall();
    reader->Finish(&response, &status, tag);
  });
  co_return status;
}

// Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm.
Task<absl::Status> EnsureConnected(Connection& connection, const CallOptions& call, absl::Time deadline);

// The error of a call that was sent.
absl::Status ErrorOf(const grpc::Status& status, const CallOptions& call, const std::string& request_id);

// The value of a trailer, if the answer had it.
std::optional<absl::string_view> Trailer(const grpc::ClientContext& context, const char* name);

// What is told besides the message.
template <typename Message>
void Complete(const grpc::ClientContext& context, const std::string& request_id, Reply<Message>& reply) {
  reply.replayed = Trailer(context, "idempotent-replayed") == "true";
  reply.bypassed = Trailer(context, "idempotency") == "bypassed";
  reply.request_id = request_id;
}

// One of the attempts of a call.
template <typename Response>
struct Attempt {
  bool was_sent = false;
  absl::StatusOr<Reply<Response>> result;
  std::optional<absl::Duration> wait;  // before the next one; nothing: this was the last
};

template <typename Request, typename Response>
Task<Attempt<Response>> MakeAttempt(Connection& connection, Method<Request, Response> method, const Request& request,
                                    const CallOptions& call, absl::Time deadline, int number) {
  Attempt<Response> attempt;
  grpc::ClientContext context;
  absl::Status ready = Prepare(call, deadline, context);
  if (ready.ok()) ready = AddCredential(connection.options, context);
  if (ready.ok() && call.stop.stop_requested()) ready = CancelledUnsent();
  if (ready.ok() && number == 1) ready = co_await EnsureConnected(connection, call, deadline);
  if (!ready.ok()) {
    attempt.result = std::move(ready);
    co_return attempt;
  }
  attempt.was_sent = true;
  Reply<Response> reply;
  const auto prepare = [&](grpc::CompletionQueue* queue) {
    return ((*connection.service).*method)(&context, request, queue);
  };
  const grpc::Status status = co_await Send(connection, call, context, reply.message, prepare);
  if (call.report != nullptr) *call.report = {.peer = context.peer(), .attempts = number};
  if (status.ok()) {
    connection.retry.Succeeded();
    Complete(context, request.request_id(), reply);
    attempt.result = std::move(reply);
    co_return attempt;
  }
  attempt.result = ErrorOf(status, call, request.request_id());
  if (request.request_id().empty() || !connection.options.default_service_config) co_return attempt;
  absl::InsecureBitGen random;
  attempt.wait = connection.retry.Wait(number, status.error_code(), Trailer(context, "grpc-retry-pushback-ms"), random);
  co_return attempt;
}

// A call from its checks to its result, with all attempts.
template <typename Request, typename Response>
Task<absl::StatusOr<Reply<Response>>> Run(Connection& connection, Method<Request, Response> method,
                                          const Request& request, const CallOptions& call) {
  const absl::Time deadline = connection.DeadlineOf(call);
  absl::Status unanswered;  // what the last attempt ended with that got no answer of the gateway
  for (int number = 1;; ++number) {
    Attempt<Response> attempt = co_await MakeAttempt(connection, method, request, call, deadline, number);
    if (attempt.result.ok()) co_return attempt.result;
    absl::Status error = attempt.result.status();
    if (!attempt.was_sent) co_return unanswered.ok() ? error : unanswered;
    if (!IsAnswerOfGateway(error)) unanswered = error;
    if (!unanswered.ok()) error = WithUnknownOutcome(std::move(error));
    const absl::Time next = absl::Now() + attempt.wait.value_or(absl::InfiniteDuration());
    if (next >= deadline || call.stop.stop_requested()) co_return error;
    co_await connection.completions.WaitUntil(next, call.stop);
  }
}

// Begins a call. The callback runs on the connection's thread.
template <typename Request, typename Response>
Detached Start(std::shared_ptr<Connection> connection, Method<Request, Response> method, Request request,
               CallOptions call, Callback<Response> callback) {
  absl::StatusOr<Reply<Response>> result = co_await Run(*connection, method, request, call);
  if (!connection->completions.IsHere()) co_await connection->completions.Turn();
  std::move(callback)(std::move(result));
}

}  // namespace interaction::internal
