#pragma once

#include <coroutine>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/event/timers.h"
#include "server/http/client.h"
#include "server/http/message.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"

// What a call can wait for on its lane. Each is awaited once, at once:
//
//   lane::Sleep pause(lane, duration, &cancellation);
//   if (!co_await pause) ...
namespace interaction::lane {

// Sends a request and yields its complete response, in Stage::kDecode, or the error of a transfer that brought none; it
// is valid as long as the Post. A cancelled call ends the transfer at once with the error of CancelledError().
class [[nodiscard]] Post final : private http::TransferObserver, private Cancellation::Listener {
 public:
  // `request` is taken when the response is awaited, and not needed afterwards.
  Post(Lane* lane, http::Endpoint* endpoint, http::Request* request, const http::TransferLimits& limits,
       Cancellation* cancellation)
      : lane_(lane), endpoint_(endpoint), request_(*request), limits_(limits), cancellation_(cancellation) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> awaiter);
  const absl::StatusOr<http::Response>& await_resume() const { return *result_; }

  // Whether bytes of the request may have reached the upstream by now. Until it is destroyed.
  bool MayHaveBeenSent() const;

 private:
  void OnTransferDone(absl::StatusOr<http::Response> result) override;
  void OnCancel() override;

  Lane* const lane_;
  http::Endpoint* const endpoint_;
  http::Request& request_;
  const http::TransferLimits limits_;
  Cancellation* const cancellation_;
  http::Transfer* transfer_ = nullptr;
  std::coroutine_handle<> awaiter_;
  std::optional<absl::StatusOr<http::Response>> result_;
};

// Waits. Yields true when the time has passed and false when the call was cancelled before.
class [[nodiscard]] Sleep final : private event::Timers::Timer, private Cancellation::Listener {
 public:
  Sleep(Lane* lane, absl::Duration duration, Cancellation* cancellation)
      : lane_(lane),
        due_(lane->clock().SteadyNow() + absl::ToInt64Nanoseconds(duration)),
        cancellation_(cancellation) {}

  bool await_ready() const { return cancellation_->cancelled(); }
  void await_suspend(std::coroutine_handle<> awaiter);
  bool await_resume() const { return !cancellation_->cancelled(); }

 private:
  void OnDue() override;
  void OnCancel() override;

  Lane* const lane_;
  const SteadyTime due_;
  Cancellation* const cancellation_;
  std::coroutine_handle<> awaiter_;
};

// The error of a call that was given up: by its caller, or because the server ends. `sent`: bytes of the request may
// have reached the upstream.
absl::Status CancelledError(CancelCause cause, bool sent);

}  // namespace interaction::lane
