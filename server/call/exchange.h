#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http/client.h"
#include "server/http/message.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"

namespace interaction::call {

// Where and for how long an exchange with an upstream takes place.
struct ExchangeContext {
  lane::Lane* lane;
  http::Endpoint* endpoint;
  lane::Cancellation* cancellation;
  absl::Duration transfer_time;
};

// Turns a complete response into the serialized reply, or into the error that it amounts to.
using DecodeFunction = absl::FunctionRef<absl::StatusOr<std::string>(const http::Response& response)>;

// Sends the request to the upstream once and yields the decoded reply. The response is judged inside, by `decode`, so
// that whatever wraps an exchange sees "HTTP 200 that means failure" as the failure it is. `decode` outlives the task.
lane::Task<absl::StatusOr<std::string>> Exchange(ExchangeContext context, http::Request request, DecodeFunction decode);

}  // namespace interaction::call
