#include "tests/interop/test_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "grpc/testing/empty.pb.h"
#include "grpc/testing/messages.pb.h"
#include "server/lane/operations.h"
#include "server/lane/task.h"
#include "server/rpc/methods.h"
#include "server/rpc/server_call.h"
#include "server/rpc/status.h"

namespace interaction::testing {
namespace {

using grpc::testing::EchoStatus;
using grpc::testing::Empty;
using grpc::testing::Payload;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using lane::Task;
using rpc::LaneCalls;
using rpc::MethodKind;
using rpc::ServerCall;

template <typename Message>
std::optional<Message> Parse(absl::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return message;
}

Payload MakePayload(int size) {
  Payload payload;
  payload.set_body(std::string(static_cast<size_t>(size), '\0'));
  return payload;
}

rpc::RpcStatus StatusFrom(const EchoStatus& echo) { return {echo.code(), echo.message(), ""}; }

rpc::RpcStatus Unreadable(const ServerCall& call) {
  if (const absl::Status refusal = call.refusal(); !refusal.ok()) return rpc::ToRpcStatus(refusal, "", "");
  return {static_cast<int>(absl::StatusCode::kInvalidArgument), "no message, or one that cannot be read", ""};
}

Task<void> EmptyCall(std::unique_ptr<ServerCall> call, LaneCalls*) {
  auto read = call->Read();
  const bool has_message = co_await read;
  ServerCall::Ending ending;
  if (has_message) {
    ending.reply = Empty().SerializeAsString();
  } else {
    ending.status = Unreadable(*call);
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

Task<void> UnaryCall(std::unique_ptr<ServerCall> call, LaneCalls*) {
  auto read = call->Read();
  const bool has_message = co_await read;
  const auto request = has_message ? Parse<SimpleRequest>(call->message()) : std::nullopt;
  ServerCall::Ending ending;
  if (!request) {
    ending.status = Unreadable(*call);
  } else if (request->response_status().code() != 0) {
    ending.status = StatusFrom(request->response_status());
  } else {
    SimpleResponse response;
    *response.mutable_payload() = MakePayload(request->response_size());
    ending.reply = response.SerializeAsString();
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

Task<void> StreamingInputCall(std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kStream, &cancellation);
  StreamingInputCallResponse response;
  int size = 0;
  while (true) {
    auto read = call->Read();
    const bool has_message = co_await read;
    if (!has_message) break;
    if (const auto request = Parse<StreamingInputCallRequest>(call->message())) {
      size += static_cast<int>(request->payload().body().size());
    }
  }
  response.set_aggregated_payload_size(size);
  ServerCall::Ending ending;
  ending.reply = response.SerializeAsString();
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

// Writes the responses that a request asks for. False when the caller is gone.
Task<bool> Respond(ServerCall* call, const StreamingOutputCallRequest* request, lane::Cancellation* cancellation) {
  for (const auto& parameters : request->response_parameters()) {
    if (parameters.interval_us() > 0) {
      lane::Sleep sleep(call->lane(), absl::Microseconds(parameters.interval_us()), cancellation);
      const bool slept = co_await sleep;
      if (!slept) co_return false;
    }
    StreamingOutputCallResponse response;
    *response.mutable_payload() = MakePayload(parameters.size());
    auto write = call->Write(response.SerializeAsString());
    const bool written = co_await write;
    if (!written) co_return false;
  }
  co_return true;
}

// Answers each request when it comes (FullDuplexCall, and StreamingOutputCall, which has one).
Task<void> FullDuplexCall(std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kStream, &cancellation);
  ServerCall::Ending ending;
  while (true) {
    auto read = call->Read();
    const bool has_message = co_await read;
    if (!has_message) break;
    const auto request = Parse<StreamingOutputCallRequest>(call->message());
    if (!request) {
      ending.status = Unreadable(*call);
      break;
    }
    if (request->response_status().code() != 0) {
      ending.status = StatusFrom(request->response_status());
      break;
    }
    const bool responded = co_await Respond(call.get(), &*request, &cancellation);
    if (!responded) break;
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

// Answers all requests when the last has come.
Task<void> HalfDuplexCall(std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kStream, &cancellation);
  std::vector<StreamingOutputCallRequest> requests;
  while (true) {
    auto read = call->Read();
    const bool has_message = co_await read;
    if (!has_message) break;
    if (auto request = Parse<StreamingOutputCallRequest>(call->message())) requests.push_back(*std::move(request));
  }
  for (const StreamingOutputCallRequest& request : requests) {
    const bool responded = co_await Respond(call.get(), &request, &cancellation);
    if (!responded) break;
  }
  ServerCall::Ending ending;
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

Task<void> Unimplemented(std::unique_ptr<ServerCall> call, LaneCalls*) {
  ServerCall::Ending ending;
  ending.status = {static_cast<int>(absl::StatusCode::kUnimplemented), "unknown method", ""};
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

}  // namespace

void TestService::Register(rpc::Methods* methods) {
  const std::string service = "/grpc.testing.TestService/";
  methods->Add(service + "EmptyCall", MethodKind::kUnary, &EmptyCall);
  methods->Add(service + "UnaryCall", MethodKind::kUnary, &UnaryCall);
  methods->Add(service + "StreamingInputCall", MethodKind::kStream, &StreamingInputCall);
  methods->Add(service + "StreamingOutputCall", MethodKind::kStream, &FullDuplexCall);
  methods->Add(service + "FullDuplexCall", MethodKind::kStream, &FullDuplexCall);
  methods->Add(service + "HalfDuplexCall", MethodKind::kStream, &HalfDuplexCall);
  methods->SetUnknown(&Unimplemented);
}

}  // namespace interaction::testing
