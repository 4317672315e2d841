#include "interaction/client.h"

#include <utility>

#include "absl/synchronization/notification.h"
#include "client/call.h"
#include "client/connection.h"
#include "client/credential.h"
#include "client/new_request_id.h"
#include "client/target.h"
#include "client/tls_files.h"

namespace interaction {
namespace {

using internal::Connection;
using internal::Method;
using Stub = v1::InteractionService::Stub;

// The request as it is sent: with a request_id, unless its maker wants none.
template <typename Request>
Request WithRequestId(Request request, const Connection& connection) {
  if (request.request_id().empty() && connection.options.make_request_id) request.set_request_id(NewRequestId());
  return request;
}

template <typename Request, typename Response>
void Begin(const std::shared_ptr<Connection>& connection, Method<Request, Response> method, const Request& request,
           const CallOptions& options, Callback<Response> callback) {
  internal::Start(connection, method, WithRequestId(request, *connection), options, std::move(callback));
}

template <typename Request, typename Response>
absl::StatusOr<Reply<Response>> Wait(const std::shared_ptr<Connection>& connection, Method<Request, Response> method,
                                     const Request& request, const CallOptions& options) {
  absl::StatusOr<Reply<Response>> result;
  absl::Notification done;
  Begin<Request, Response>(connection, method, request, options, [&](absl::StatusOr<Reply<Response>> its_result) {
    result = std::move(its_result);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

// The request and the options are copied now: an awaitable may be kept, and awaited when they are gone.
template <typename Request, typename Response>
Awaitable<absl::StatusOr<Reply<Response>>> Await(const std::shared_ptr<Connection>& connection,
                                                 Method<Request, Response> method, const Request& request,
                                                 const CallOptions& options) {
  return Awaitable<absl::StatusOr<Reply<Response>>>(
      [connection, method, request, options](Callback<Response> callback) mutable {
        Begin<Request, Response>(connection, method, request, options, std::move(callback));
      });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  if (absl::Status status = CheckTarget(options.target); !status.ok()) return status;
  if (absl::Status status = CheckProxy(options.proxy); !status.ok()) return status;
  if (absl::Status status = CheckCredential(options); !status.ok()) return status;
  const auto credentials = MakeCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  return std::unique_ptr<Client>(new Client(std::make_shared<Connection>(options, *credentials)));
}

Client::Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::~Client() = default;

absl::StatusOr<Reply<v1::CreateVspInteractionResponse>> Client::CreateVspInteraction(
    const v1::CreateVspInteractionRequest& request, const CallOptions& options) {
  return Wait(connection_, &Stub::PrepareAsyncCreateVspInteraction, request, options);
}

absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>> Client::AddWolkvoxInteraction(
    const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options) {
  return Wait(connection_, &Stub::PrepareAsyncAddWolkvoxInteraction, request, options);
}

void Client::CreateVspInteractionAsync(const v1::CreateVspInteractionRequest& request, const CallOptions& options,
                                       Callback<v1::CreateVspInteractionResponse> callback) {
  Begin(connection_, &Stub::PrepareAsyncCreateVspInteraction, request, options, std::move(callback));
}

void Client::AddWolkvoxInteractionAsync(const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options,
                                        Callback<v1::AddWolkvoxInteractionResponse> callback) {
  Begin(connection_, &Stub::PrepareAsyncAddWolkvoxInteraction, request, options, std::move(callback));
}

Awaitable<absl::StatusOr<Reply<v1::CreateVspInteractionResponse>>> Client::CreateVspInteractionAsync(
    const v1::CreateVspInteractionRequest& request, const CallOptions& options) {
  return Await(connection_, &Stub::PrepareAsyncCreateVspInteraction, request, options);
}

Awaitable<absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>>> Client::AddWolkvoxInteractionAsync(
    const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options) {
  return Await(connection_, &Stub::PrepareAsyncAddWolkvoxInteraction, request, options);
}

absl::StatusOr<ServingStatus> Client::CheckHealth(absl::string_view service, const CallOptions& options) {
  return connection_->CheckHealth(service, options);
}

}  // namespace interaction
