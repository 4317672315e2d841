#pragma once

#include <atomic>
#include <coroutine>
#include <optional>
#include <utility>

#include "server/lane/lane.h"

namespace interaction::lane {

// What Callback() returns.
template <typename T, typename Start>
class [[nodiscard]] CallbackAwaiter {
 public:
  CallbackAwaiter(Lane* lane, Start start) : lane_(lane), start_(std::move(start)) {}
  CallbackAwaiter(const CallbackAwaiter&) = delete;
  CallbackAwaiter& operator=(const CallbackAwaiter&) = delete;

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    std::move(start_)([this](T value) { Report(std::move(value)); });
    return !met_.exchange(true);
  }
  T await_resume() { return *std::move(value_); }

 private:
  void Report(T value) {
    value_.emplace(std::move(value));
    if (met_.exchange(true)) lane_->Execute([awaiter = awaiter_] { awaiter.resume(); });
  }

  Lane* const lane_;
  Start start_;
  std::coroutine_handle<> awaiter_;
  std::optional<T> value_;
  std::atomic<bool> met_{false};  // either the value or the end of `start` has been here
};

// Waits on a lane for a T that another thread reports by a callback:
//
//   auto claim = lane::Callback<absl::StatusOr<Claim>>(
//       lane, [&](auto done) { store->MakeClaim(request, std::move(done)); });
//   const auto result = co_await claim;
//
// `start` is called when this is awaited. `done` is to be called exactly once, on any thread; if it is called before
// `start` returns, the coroutine goes on without leaving its lane's turn. It cannot be cancelled: give `start` a
// time-out.
template <typename T, typename Start>
CallbackAwaiter<T, Start> Callback(Lane* lane, Start start) {
  return CallbackAwaiter<T, Start>(lane, std::move(start));
}

}  // namespace interaction::lane
