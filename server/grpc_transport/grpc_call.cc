#include "server/grpc_transport/grpc_call.h"

#include <grpc/grpc.h>

#include <utility>

#include "server/grpc_transport/caller.h"
#include "server/grpc_transport/time_left.h"
#include "server/lane/task.h"

namespace interaction::grpc_transport {
namespace {

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// The bytes of a message in one piece; an empty message may come as no buffer at all.
grpc::Slice InOnePiece(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return grpc::Slice();
  return slice;
}

}  // namespace

Reactor::Reactor(grpc::GenericCallbackServerContext* context, lane::Lane* lane, rpc::LaneCalls* calls,
                 const rpc::Methods::Method* method)
    : context_(context), core_call_(context->c_call()), lane_(lane), calls_(calls), method_(method) {
  grpc_call_ref(core_call_);
}

Reactor::~Reactor() { grpc_call_unref(core_call_); }

Reactor* Reactor::Start(grpc::GenericCallbackServerContext* context, lane::Lane* lane, rpc::LaneCalls* calls,
                        const rpc::Methods* methods) {
  auto reactor = std::make_shared<Reactor>(context, lane, calls, &methods->Find(context->method()));
  reactor->self_ = reactor;
  if (reactor->method_->kind == rpc::MethodKind::kUnary) {
    reactor->StartRead(&reactor->incoming_);
  } else {
    reactor->Serve(/*first_read=*/std::nullopt);
  }
  return reactor.get();
}

void Reactor::Serve(std::optional<bool> first_read) {
  is_served_ = true;
  lane_->Execute([self = self_, first_read] {
    lane::Spawn(self->method_->handler(std::make_unique<GrpcCall>(self, first_read), self->calls_));
  });
}

void Reactor::OnReadDone(bool ok) {
  if (!is_served_) return Serve(/*first_read=*/ok);
  lane_->Execute([self = self_, ok] {
    if (self->call_) self->call_->OnReadDone(ok);
  });
}

void Reactor::OnWriteDone(bool ok) {
  lane_->Execute([self = self_, ok] {
    if (self->call_ && self->call_->writing_) std::exchange(self->call_->writing_, nullptr)->Complete(ok);
  });
}

void Reactor::OnCancel() {
  lane_->Execute([self = self_] {
    if (self->call_) self->call_->CallerIsGone();
  });
}

void Reactor::OnDone() {
  lane_->Execute([self = std::move(self_), ok = !context_->IsCancelled()] {
    if (self->call_ && self->call_->finishing_) std::exchange(self->call_->finishing_, nullptr)->Complete(ok);
  });
}

GrpcCall::GrpcCall(std::shared_ptr<Reactor> reactor, std::optional<bool> first_read)
    : ServerCall(reactor->lane_),
      reactor_(std::move(reactor)),
      path_(reactor_->context_->method()),
      deadline_(reactor_->context_->raw_deadline()),
      first_read_(first_read) {
  reactor_->call_ = this;
  const auto& metadata = reactor_->context_->client_metadata();
  metadata_.reserve(metadata.size());
  for (const auto& [name, value] : metadata) {
    metadata_.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  if (first_read_ == true) message_ = InOnePiece(reactor_->incoming_);
}

std::optional<absl::Duration> GrpcCall::time_left() const { return TimeLeft(deadline_); }

auth::Caller GrpcCall::caller() const { return CallerOf(reactor_->core_call_); }

// Not by the context, which may be gone although the end of the call has not reached the lane yet.
void GrpcCall::Abort() {
  grpc_call_cancel_with_status(reactor_->core_call_, GRPC_STATUS_CANCELLED, "cut off by the server", nullptr);
}

std::optional<bool> GrpcCall::StartRead() {
  if (first_read_) return std::exchange(first_read_, std::nullopt);
  reactor_->StartRead(&reactor_->incoming_);
  return std::nullopt;
}

void GrpcCall::OnReadDone(bool ok) {
  message_ = ok ? InOnePiece(reactor_->incoming_) : grpc::Slice();
  CompleteRead(ok);
}

bool GrpcCall::StartWrite(std::string message, lane::Operation* done) {
  writing_ = done;
  reactor_->outgoing_ = ToByteBuffer(message);
  reactor_->StartWrite(&reactor_->outgoing_);
  return false;
}

bool GrpcCall::StartFinish(Ending ending, lane::Operation* done) {
  finishing_ = done;
  for (const MetadataEntry& entry : ending.trailers) {
    reactor_->context_->AddTrailingMetadata(std::string(entry.key), std::string(entry.value));
  }
  const grpc::Status status(static_cast<grpc::StatusCode>(ending.status.code), ending.status.message,
                            ending.status.details);
  if (ending.reply) {
    reactor_->outgoing_ = ToByteBuffer(*ending.reply);
    reactor_->StartWriteAndFinish(&reactor_->outgoing_, grpc::WriteOptions(), status);
  } else {
    reactor_->Finish(status);
  }
  return false;
}

}  // namespace interaction::grpc_transport
