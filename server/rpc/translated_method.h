#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/call/admission.h"
#include "server/call/deadline.h"
#include "server/call/exchange.h"
#include "server/http/client.h"
#include "server/rpc/deadline.h"
#include "server/rpc/parse.h"
#include "server/rpc/trace_headers.h"
#include "server/rpc/unary_method.h"
#include "server/upstream/translator.h"

namespace interaction::rpc {

struct MethodOptions {
  call::DeadlineOptions deadline;
  bool propagate_b3 = false;  // trace context goes upstream as b3 too
};

// A method that is answered by one POST to an upstream. This is the life of a call.
template <typename Request, typename Reply>
class TranslatedMethod final : public UnaryMethod {
 public:
  // `endpoints`: one for each lane, by its index. Everything outlives the method.
  TranslatedMethod(RequestCall request_call, const upstream::Translator<Request, Reply>* translator,
                   std::vector<http::Endpoint*> endpoints, call::Admission* admission, const MethodOptions& options)
      : UnaryMethod(std::move(request_call)),
        translator_(translator),
        endpoints_(std::move(endpoints)),
        admission_(admission),
        options_(options) {}

  absl::string_view upstream() const override { return translator_->name(); }

  lane::Task<absl::StatusOr<std::string>> Handle(lane::Lane* lane, size_t lane_index, UnaryCall* call) override {
    Request request;
    CO_RETURN_IF_ERROR(ParseRequest(call->request, &request));
    CO_RETURN_IF_ERROR(translator_->Authorize(request));
    CO_RETURN_IF_ERROR(translator_->Validate(request));
    call->request_id = absl::AsciiStrToLower(request.request_id());
    if (!call->request_id.empty()) co_return Error(Reason::kRequestIdUnsupported).In(Phase::kValidate).ToStatus();
    CO_ASSIGN_OR_RETURN(const auto permit, admission_->Admit());

    const upstream::Credential credential = translator_->CredentialFor(request);
    CO_ASSIGN_OR_RETURN(http::Request http_request, translator_->Encode(request, credential));
    AppendTraceHeaders(call->life.context(), options_.propagate_b3, &http_request.headers);

    CO_ASSIGN_OR_RETURN(const absl::Duration transfer_time,
                        call::TransferTime(TimeLeft(call->life.context().raw_deadline()), options_.deadline));
    const call::ExchangeContext context{lane, endpoints_[lane_index], &call->life.cancellation(), transfer_time};
    const auto decode = [&](const http::Response& response) -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(const Reply reply, translator_->Decode(response, credential.owner, lane->clock().WallNow()));
      return reply.SerializeAsString();
    };
    auto exchange = call::Exchange(context, std::move(http_request), decode);
    co_return co_await exchange;
  }

 private:
  const upstream::Translator<Request, Reply>* const translator_;
  const std::vector<http::Endpoint*> endpoints_;
  call::Admission* const admission_;
  const MethodOptions options_;
};

}  // namespace interaction::rpc
