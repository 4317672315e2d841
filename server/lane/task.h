#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace interaction::lane {

// A coroutine that yields one T. It starts when it is awaited and resumes its awaiter when it is done, on the same
// thread, without a queue in between. Own it, await it once. There are no exceptions: one that escapes ends the
// process.
//
//   Task<absl::StatusOr<Reply>> Fetch(Lane* lane, http::Request request);
//   auto reply = co_await Fetch(lane, std::move(request));
//
// With g++ 12 in mind: coroutines are functions, not capturing lambdas; parameters are taken by value or outlive the
// task; temporaries inside a co_await expression are named first.
template <typename T>
class [[nodiscard]] Task;

namespace internal {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
    const std::coroutine_handle<> next = done.promise().continuation;
    if (done.promise().frees_itself) done.destroy();
    return next;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }

  std::coroutine_handle<> continuation = std::noop_coroutine();
  bool frees_itself = false;  // at its end: nobody owns it
};

template <typename T>
struct Promise : PromiseBase {
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() { return *std::move(value); }

  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void Take() {}
};

}  // namespace internal

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;

  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    coroutine_.promise().continuation = awaiter;
    return coroutine_;
  }
  T await_resume() { return coroutine_.promise().Take(); }

  // See Spawn().
  void RunByItself() && {
    coroutine_.promise().frees_itself = true;
    std::exchange(coroutine_, nullptr).resume();
  }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

namespace internal {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace internal

// Runs the task now, up to its first suspension, and lets it go on by itself; it frees itself at its end. What it uses
// must outlive it.
inline void Spawn(Task<void> task) { std::move(task).RunByItself(); }

}  // namespace interaction::lane
