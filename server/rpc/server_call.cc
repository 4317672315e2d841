#include "server/rpc/server_call.h"

#include <utility>

namespace interaction::rpc {

ServerCall::~ServerCall() {
  if (shutdown_) shutdown_->Remove(this);
}

void ServerCall::NotifyOfEnd(LaneCalls* shared, MethodKind kind, lane::Cancellation* cancellation) {
  told_ = cancellation;
  if (caller_is_gone_) return told_->Cancel(lane::CancelCause::kCaller);
  is_stream_ = kind == MethodKind::kStream;
  lane::Cancellation* const shutdown = is_stream_ ? &shared->streams : &shared->unary_calls;
  if (shutdown->cancelled()) return OnCancel();
  shutdown_ = shutdown;
  shutdown_->Add(this);
}

void ServerCall::CallerIsGone() {
  if (std::exchange(caller_is_gone_, true)) return;
  if (shutdown_) std::exchange(shutdown_, nullptr)->Remove(this);
  if (told_) told_->Cancel(lane::CancelCause::kCaller);
}

void ServerCall::OnCancel() {
  shutdown_ = nullptr;
  shut_down_ = true;
  // The handler waits for one thing only, and may end and destroy this as soon as that is over.
  lane::Operation* const reading = is_stream_ ? std::exchange(reading_, nullptr) : nullptr;
  told_->Cancel(lane::CancelCause::kShutdown);
  if (reading) reading->Complete(false);
}

bool ServerCall::BeginRead(lane::Operation* done) {
  reading_ = done;
  const std::optional<bool> known = is_stream_ && shut_down_ ? false : StartRead();
  if (!known) return false;
  reading_ = nullptr;
  done->Complete(*known);
  return true;
}

}  // namespace interaction::rpc
