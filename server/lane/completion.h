#pragma once

#include <coroutine>
#include <utility>

namespace interaction::lane {

// What a tag in a lane's completion queue points to. Complete() runs on the lane, once for each operation that was
// started with tag(); `ok` is gRPC's.
class Completion {
 public:
  virtual void Complete(bool ok) = 0;
  void* tag() { return this; }

 protected:
  Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() = default;
};

// One gRPC operation to await: start it with tag(), then co_await this, which yields gRPC's `ok`. Usable again after
// that. It must live until the operation has completed.
class Operation final : public Completion {
 public:
  bool await_ready() const noexcept { return done_; }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept { awaiter_ = awaiter; }
  bool await_resume() noexcept {
    done_ = false;
    return ok_;
  }

  void Complete(bool ok) override {
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
