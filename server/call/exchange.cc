#include "server/call/exchange.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/lane/operations.h"

namespace interaction::call {

lane::Task<absl::StatusOr<std::string>> Exchange(ExchangeContext context, http::Request request,
                                                 DecodeFunction decode) {
  lane::Post post(context.lane, context.endpoint, std::move(request), context.transfer_time, context.cancellation);
  CO_ASSIGN_OR_RETURN(const http::Response response, co_await post);
  co_return decode(response);
}

}  // namespace interaction::call
