#pragma once

#include <coroutine>
#include <utility>

namespace interaction::lane {

// An operation of a transport to await: hand it over, then co_await it, which yields whether the operation succeeded.
// It must live until it is complete. On the lane only.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  bool await_ready() const noexcept { return done_; }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept { awaiter_ = awaiter; }
  bool await_resume() noexcept {
    done_ = false;
    return ok_;
  }

  // The operation has ended. Once.
  void Complete(bool ok) {
    done_ = true;
    ok_ = ok;
    // The awaiter may destroy this object.
    if (auto awaiter = std::exchange(awaiter_, nullptr)) awaiter.resume();
  }

 private:
  bool done_ = false;
  bool ok_ = false;
  std::coroutine_handle<> awaiter_;
};

}  // namespace interaction::lane
