#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/call/admission.h"
#include "server/call/deadline.h"
#include "server/call/digest.h"
#include "server/call/dispatch.h"
#include "server/call/errand_runner.h"
#include "server/call/idempotency.h"
#include "server/http/client.h"
#include "server/rpc/call_metadata.h"
#include "server/rpc/deadline.h"
#include "server/rpc/parse.h"
#include "server/rpc/trace_headers.h"
#include "server/rpc/translated_errand.h"
#include "server/rpc/unary_method.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"
#include "server/upstream/translator.h"

namespace interaction::rpc {

struct MethodOptions {
  call::DeadlineOptions deadline;
  absl::Duration late_answer_time = absl::Seconds(30);  // how long an answer counts after its caller has left
  bool propagate_b3 = false;                            // trace context goes upstream as b3 too
  bool require_request_id = false;
};

// What the methods share. All of it outlives them.
struct Stages {
  call::Admission* admission;
  call::Idempotency* idempotency;   // null: no records are kept
  const call::KeyedDigest* digest;  // makes keys of credentials
  telemetry::Counters* counters;    // may be null
  telemetry::Logger* log;           // may be null
};

// A method that is answered by a POST to an upstream. This is the life of a call, up to where it is on its way
// (call/dispatch.h).
template <typename Request, typename Reply>
class TranslatedMethod final : public UnaryMethod {
 public:
  // `name`: of the method, as part of its records. `endpoints`: one for each lane, by its index. What is passed as
  // pointer outlives the method.
  TranslatedMethod(std::string name, RequestCall request_call, const upstream::Translator<Request, Reply>* translator,
                   std::vector<http::Endpoint*> endpoints, const call::Guards* guards, const Stages& stages,
                   const MethodOptions& options)
      : UnaryMethod(std::move(request_call), translator->name(), stages.counters, stages.log),
        name_(std::move(name)),
        translator_(translator),
        endpoints_(std::move(endpoints)),
        guards_(guards),
        stages_(stages),
        options_(options) {}

  lane::Task<absl::StatusOr<std::string>> Handle(lane::Lane* lane, LaneCalls* calls, UnaryCall* call) override {
    Request request;
    const grpc::ServerContext& context = call->life.context();
    const CallMetadata metadata = ReadMetadata(context);
    if (absl::Status accepted = Accept(call->request, &request); !accepted.ok()) {
      call->request_id = RequestIdIfValid(request.request_id(), metadata);
      co_return accepted;
    }
    CO_ASSIGN_OR_RETURN(call->request_id, RequestIdOf(request.request_id(), metadata, options_.require_request_id));
    CO_ASSIGN_OR_RETURN(call::Admission::Permit permit, Admit(context, metadata));
    call->permit = std::make_shared<const call::Admission::Permit>(std::move(permit));

    const upstream::Credential credential = translator_->CredentialFor(request);
    CO_ASSIGN_OR_RETURN(std::optional<call::RecordId> record, RecordOf(*call, request, credential));
    CO_ASSIGN_OR_RETURN(call::Trip trip, MakeTrip(lane, calls->lane_index, context));
    trip.request_id = call->request_id;
    trip.caller_retries = metadata.is_retry;
    trip.errand = MakeErrand(context, std::move(request), credential);
    const call::DispatchContext dispatch_context = {.cancellation = &call->life.cancellation(),
                                                    .shutdown = &calls->unary_calls,
                                                    .idempotency = stages_.idempotency,
                                                    .lease = options_.deadline.max_deadline + kLeaseMargin,
                                                    .counters = stages_.counters,
                                                    .log = stages_.log};
    auto dispatch = call::Dispatch(dispatch_context, std::move(trip), record, call->permit);
    absl::StatusOr<call::Answer> answer = co_await dispatch;
    call->bypassed = call::WasBypassed(answer);
    if (!answer.ok()) co_return answer.status();
    call->replayed = answer->replayed;
    co_return std::move(answer->reply);
  }

 private:
  static constexpr absl::Duration kLeaseMargin = absl::Seconds(10);

  // Whether it is a request of this method that may be served; then it is in canonical form.
  absl::Status Accept(const grpc::ByteBuffer& bytes, Request* request) const {
    RETURN_IF_ERROR(ParseRequest(bytes, request));
    RETURN_IF_ERROR(translator_->Authorize(*request));
    return translator_->Canonicalize(request);
  }

  absl::StatusOr<call::Admission::Permit> Admit(const grpc::ServerContext& context,
                                                const CallMetadata& metadata) const {
    const std::string peer = stages_.admission->counts_peers() ? PeerHost(context) : std::string();
    return stages_.admission->Admit(peer, metadata.bytes);
  }

  // Nothing for a call without request_id. Whose record it is: the caller's by its certificate, or else by its own
  // credential, if it brings one.
  absl::StatusOr<std::optional<call::RecordId>> RecordOf(UnaryCall& call, const Request& request,
                                                         const upstream::Credential& credential) const {
    if (call.request_id.empty()) return std::nullopt;
    if (stages_.idempotency == nullptr) {
      return Error(Reason::kRequestIdUnsupported).In(Phase::kValidate).ToStatus();
    }
    const std::string identity = CallerOf(call.life.context());
    call::Caller caller;
    if (!identity.empty()) {
      caller = {"certificate", identity};
    } else if (credential.owner == upstream::CredentialOwner::kCaller) {
      caller = {"credential", credential.secret.Reveal()};
    }
    return stages_.idempotency->Identify(name_, call.request_id, caller, translator_->AsksFor(request));
  }

  absl::StatusOr<call::Trip> MakeTrip(lane::Lane* lane, size_t lane_index, const grpc::ServerContext& context) const {
    ASSIGN_OR_RETURN(const absl::Duration time,
                     call::TransferTime(TimeLeft(context.raw_deadline()), options_.deadline));
    const SteadyTime now = lane->clock().SteadyNow();
    const absl::Duration in_all =
        std::max(time, std::min(options_.deadline.max_deadline, time + options_.late_answer_time));
    return call::Trip{.lane = lane,
                      .endpoint = endpoints_[lane_index],
                      .guards = guards_,
                      .began = now,
                      .answer_by = now + absl::ToInt64Nanoseconds(time),
                      .settle_by = now + absl::ToInt64Nanoseconds(in_all)};
  }

  std::unique_ptr<const call::Errand> MakeErrand(const grpc::ServerContext& context, Request request,
                                                 const upstream::Credential& credential) const {
    std::vector<http::Header> headers;
    AppendTraceHeaders(context, options_.propagate_b3, &headers);
    std::string key;
    if (guards_->permits)
      key = absl::StrCat(translator_->name(), ":", call::BytesOf((*stages_.digest)(credential.secret.Reveal())));
    return std::make_unique<TranslatedErrand<Request, Reply>>(translator_, std::move(request), credential,
                                                              std::move(headers), std::move(key));
  }

  const std::string name_;
  const upstream::Translator<Request, Reply>* const translator_;
  const std::vector<http::Endpoint*> endpoints_;
  const call::Guards* const guards_;
  const Stages stages_;
  const MethodOptions options_;
};

}  // namespace interaction::rpc
