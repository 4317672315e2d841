#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace interaction {

// What `co_await client->CreateVspInteractionAsync(request)` waits for, in a coroutine of any type that lets a foreign
// awaitable pass (which all do that have no await_transform, or one that hands it on).
//
// The call begins when it is awaited, not before. The coroutine goes on in a thread of the client, as a callback would
// run there (see Client). To go on elsewhere, let the coroutine switch to its own executor after the co_await.
//
// A coroutine may be destroyed while it waits, unless that happens while it is being resumed: the call goes on, and its
// answer is dropped. CallOptions::stop cancels the call.
template <typename Result>
class [[nodiscard]] Awaitable {
 public:
  using Start = absl::AnyInvocable<void(absl::AnyInvocable<void(Result)>) &&>;

  // `start` begins the call. It never calls what it is given before it has returned.
  explicit Awaitable(Start start) : start_(std::move(start)) {}
  Awaitable(Awaitable&&) noexcept = default;
  Awaitable& operator=(Awaitable&&) = delete;
  ~Awaitable() {
    if (waiting_ == nullptr) return;
    const std::lock_guard lock(waiting_->mutex);
    waiting_->coroutine = nullptr;
  }

  bool await_ready() const noexcept { return false; }

  void await_suspend(std::coroutine_handle<> coroutine) {
    const auto waiting = std::make_shared<Waiting>();
    waiting->coroutine = coroutine;
    waiting_ = waiting;
    // The coroutine may be resumed, and *this be gone, as soon as the call has begun.
    Start start = std::move(start_);
    std::move(start)([waiting](Result result) {
      std::coroutine_handle<> resumed;
      {
        const std::lock_guard lock(waiting->mutex);
        waiting->result.emplace(std::move(result));
        resumed = waiting->coroutine;
      }
      if (resumed) resumed.resume();
    });
  }

  Result await_resume() {
    const std::lock_guard lock(waiting_->mutex);
    return *std::move(waiting_->result);
  }

 private:
  struct Waiting {
    std::mutex mutex;
    std::coroutine_handle<> coroutine;  // null: nobody waits any more
    std::optional<Result> result;
  };

  Start start_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace interaction
