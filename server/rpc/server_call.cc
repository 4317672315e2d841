#include "server/rpc/server_call.h"

#include <utility>

namespace interaction::rpc {

ServerCall::~ServerCall() {
  if (shutdown_) shutdown_->Remove(this);
}

void ServerCall::NotifyOfEnd(LaneCalls* shared, MethodKind kind, lane::Cancellation* cancellation) {
  told_ = cancellation;
  if (caller_is_gone_) return told_->Cancel(lane::CancelCause::kCaller);
  cut_off_ = kind == MethodKind::kStream;
  lane::Cancellation* const shutdown = cut_off_ ? &shared->streams : &shared->unary_calls;
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
  lane::Cancellation* const told = told_;
  // The handler may end within either and destroy the call; `told` outlives it only if nothing has ended it yet.
  told->Cancel(lane::CancelCause::kShutdown);
}

}  // namespace interaction::rpc
