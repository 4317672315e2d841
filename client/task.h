#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace interaction::internal {

// A coroutine that another one awaits: it begins then, and the other goes on when it has returned.
template <typename Result>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    struct Return {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> task) const noexcept {
        return task.promise().awaiting;
      }
      void await_resume() const noexcept {}
    };

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Return final_suspend() const noexcept { return {}; }
    void return_value(Result value) { result.emplace(std::move(value)); }
    void unhandled_exception() const { std::terminate(); }

    std::coroutine_handle<> awaiting;
    std::optional<Result> result;
  };

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    coroutine_.promise().awaiting = awaiting;
    return coroutine_;
  }
  Result await_resume() { return *std::move(coroutine_.promise().result); }

 private:
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

// A coroutine that begins at once and that nobody awaits.
struct Detached {
  struct promise_type {
    Detached get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

}  // namespace interaction::internal
