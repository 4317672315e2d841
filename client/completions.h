#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <coroutine>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/time/time.h"

namespace interaction::internal {

// A thread that goes on with the coroutines that wait for gRPC. They run nowhere else once they have waited, so that
// gRPC never runs them inside one of its own functions, such as the one that starts or cancels a call.
//
// The last owner may let go of it on its own thread.
class Completions {
 public:
  Completions();
  ~Completions();
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  // An operation of gRPC that a coroutine waits for: `start` begins it with this tag, and uses nothing of the coroutine
  // afterwards, which may go on before `start` has returned.
  //   co_await completions.Wait([&](grpc::CompletionQueue* queue, void* tag) { ... });
  template <typename Start>
  auto Wait(Start start);

  // Waits until a moment, or until `stop` says that nobody wants to wait any more.
  auto WaitUntil(absl::Time time, std::stop_token stop);

  // Goes on with the coroutine on this thread.
  auto Turn();

  // Whether the caller runs on this thread.
  bool IsHere() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  class Tag {
   public:
    void GoOn() const { coroutine_.resume(); }

   protected:
    ~Tag() = default;
    std::coroutine_handle<> coroutine_;
  };

  template <typename Start>
  class Operation final : public Tag {
   public:
    Operation(grpc::CompletionQueue* queue, Start start) : queue_(queue), start_(std::move(start)) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
      coroutine_ = coroutine;
      start_(queue_, static_cast<Tag*>(this));
    }
    void await_resume() const {}

   private:
    grpc::CompletionQueue* const queue_;
    Start start_;
  };

  // A wait that may be cut short, also before it has begun.
  class Pause {
   public:
    void Begin(grpc::CompletionQueue* queue, absl::Time end, void* tag);
    void End();

   private:
    std::mutex mutex_;
    bool is_ended_ = false;
    grpc::Alarm alarm_;
  };

  static void Run(grpc::CompletionQueue* queue);

  const std::shared_ptr<grpc::CompletionQueue> queue_;  // the thread has it too
  std::thread thread_;
};

template <typename Start>
auto Completions::Wait(Start start) {
  return Operation<Start>(queue_.get(), std::move(start));
}

inline auto Completions::WaitUntil(absl::Time time, std::stop_token stop) {
  // Whoever stops, and gRPC, may still be at work with the pause when the coroutine has gone on.
  auto pause = std::make_shared<Pause>();
  const auto end = [pause] { pause->End(); };
  auto on_stop = std::make_unique<std::stop_callback<decltype(end)>>(std::move(stop), end);
  return Wait([pause = std::move(pause), time, on_stop = std::move(on_stop)](grpc::CompletionQueue* queue, void* tag) {
    std::shared_ptr<Pause>(pause)->Begin(queue, time, tag);  // kept, although this may be destroyed meanwhile
  });
}

inline auto Completions::Turn() { return WaitUntil(absl::UnixEpoch(), {}); }

}  // namespace interaction::internal
