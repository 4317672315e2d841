#pragma once

#include <grpcpp/server_context.h>

#include <coroutine>
#include <utility>

#include "server/lane/cancellation.h"
#include "server/lane/completion.h"
#include "server/rpc/methods.h"

namespace interaction::rpc {

// The life of one gRPC call on its lane, from before it arrives until gRPC has forgotten it: its context, and the news
// that its caller is gone or that the server ends. The owner awaits Ended() last, after its final operation, and may
// then destroy it; a call that never arrived is destroyed without.
class CallLife final : private lane::Completion, private lane::Cancellation::Listener {
 public:
  // What the server's end does to the call: a unary call hears of it through cancellation() and answers; a stream,
  // which waits for its client, is cut off.
  enum class AtShutdown { kAnswer, kCutOff };

  explicit CallLife(AtShutdown at_shutdown) : at_shutdown_(at_shutdown) { context_.AsyncNotifyWhenDone(tag()); }

  grpc::ServerContext& context() { return context_; }
  const grpc::ServerContext& context() const { return context_; }
  lane::Cancellation& cancellation() { return cancellation_; }

  // The call has arrived on a lane: from now on it hears of the shutdown. Whoever waits on its behalf hears of its end
  // through cancellation(), or through `cancellation`, if that is given; it lives as long as this.
  void Arrived(LaneCalls* calls, lane::Cancellation* cancellation = nullptr) {
    if (cancellation != nullptr) {
      told_ = cancellation;
      if (cancellation_.cancelled()) told_->Cancel(cancellation_.cause());
    }
    shutdown_ = at_shutdown_ == AtShutdown::kCutOff ? &calls->streams : &calls->unary_calls;
    if (shutdown_->cancelled()) return OnCancel();
    shutdown_->Add(this);
  }

  // Awaits the end: co_await life.Ended().
  auto Ended() {
    struct Awaiter {
      CallLife* life;
      bool await_ready() const { return life->ended_; }
      void await_suspend(std::coroutine_handle<> awaiter) { life->awaiter_ = awaiter; }
      void await_resume() const {}
    };
    return Awaiter{this};
  }

 private:
  void Complete(bool) override {
    ended_ = true;
    if (shutdown_) std::exchange(shutdown_, nullptr)->Remove(this);
    if (awaiter_) return awaiter_.resume();  // destroys this
    if (context_.IsCancelled()) told_->Cancel(lane::CancelCause::kCaller);
  }

  void OnCancel() override {
    shutdown_ = nullptr;
    if (at_shutdown_ == AtShutdown::kCutOff) context_.TryCancel();
    told_->Cancel(lane::CancelCause::kShutdown);
  }

  const AtShutdown at_shutdown_;
  grpc::ServerContext context_;
  lane::Cancellation cancellation_;
  lane::Cancellation* told_ = &cancellation_;
  lane::Cancellation* shutdown_ = nullptr;  // while listed there
  bool ended_ = false;
  std::coroutine_handle<> awaiter_;
};

}  // namespace interaction::rpc
