#pragma once

#include <coroutine>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/auth/caller.h"
#include "server/base/metadata.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/operation.h"
#include "server/rpc/methods.h"
#include "server/rpc/rpc_status.h"

namespace interaction::rpc {

// One RPC as a transport hands it to its handler: what arrived, the next message, the answer. It knows no gRPC library.
//
// The handler owns it, on the lane where it arrived, and uses it there only. It awaits one Read(), Write() or Finish()
// at a time, awaits Finish() once, last, and then destroys the call.
class ServerCall : private lane::Cancellation::Listener {
 public:
  ~ServerCall() override;
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

  lane::Lane* lane() const { return lane_; }

  // What the caller sent ahead of its messages. Views live as long as the call.
  virtual absl::string_view path() const = 0;                    // "/package.Service/Method"
  virtual absl::Span<const MetadataEntry> metadata() const = 0;  // in the order of arrival, without gRPC's own headers
  virtual std::optional<absl::Duration> time_left() const = 0;   // to its deadline, now; nothing: it gave none
  virtual std::string peer() const = 0;                          // "ipv4:10.0.0.7:4711", "ipv6:[::1]:4711", "unix:"
  virtual auth::Caller caller() const = 0;                       // by the connection's certificate

  // Tells `cancellation` when the caller is gone (kCaller), or when the server ends (kShutdown), also when that has
  // happened already. At shutdown, a stream's Read() yields false besides, because its client might never end it.
  // `shared` and `cancellation` outlive the call.
  void NotifyOfEnd(LaneCalls* shared, MethodKind kind, lane::Cancellation* cancellation);

  // Waits for the next message. Yields false when there is none: the caller has sent its last or is gone, or the next
  // one is not accepted (refusal()).
  auto Read() {
    struct Awaiter : Step {
      using Step::Step;
      bool await_ready() { return call->BeginRead(&done); }
    };
    return Awaiter(this);
  }
  // Why a Read() yielded false although the caller is there: OK, or the error, made with Error, of a request or message
  // that the transport does not accept. The handler answers with it.
  virtual absl::Status refusal() const { return absl::OkStatus(); }

  // The message of the last Read(), serialized: valid until the next.
  virtual absl::string_view message() const = 0;

  // Writes a message of a stream and waits until the transport has taken it, which flow control may delay. Yields
  // false when the caller is gone.
  auto Write(std::string message) {
    struct Awaiter : Step {
      Awaiter(ServerCall* its_call, std::string its_message) : Step(its_call), message(std::move(its_message)) {}
      bool await_ready() {
        if (call->StartWrite(std::move(message), &done)) done.Complete(true);
        return done.await_ready();
      }
      std::string message;
    };
    return Awaiter(this, std::move(message));
  }

  // Ends the call and waits until the transport has taken all of it, which flow control may delay: with `reply`, if it
  // is given, and the status, as trailers-only when nothing was written before (gRPC A6: then a client may retry).
  // `trailers` are sent besides. Yields false when the caller is gone.
  struct Ending {
    RpcStatus status;
    std::optional<std::string> reply;
    std::vector<MetadataEntry> trailers;  // keys and values are constants
  };
  auto Finish(Ending ending) {
    struct Awaiter : Step {
      Awaiter(ServerCall* its_call, Ending its_ending) : Step(its_call), ending(std::move(its_ending)) {}
      bool await_ready() {
        if (call->StartFinish(std::move(ending), &done)) done.Complete(true);
        return done.await_ready();
      }
      Ending ending;
    };
    return Awaiter(this, std::move(ending));
  }

  // Gives the call up at once: whatever is awaited yields false. Cancels the stream at the caller.
  virtual void Abort() = 0;

 protected:
  explicit ServerCall(lane::Lane* lane) : lane_(lane) {}

  // A transport's part. StartRead() returns the result if it is known already, or nothing: then CompleteRead() follows.
  // The others return whether the operation is complete already, with success; otherwise `done` is completed later.
  // All on the lane.
  virtual std::optional<bool> StartRead() = 0;
  virtual bool StartWrite(std::string message, lane::Operation* done) = 0;
  virtual bool StartFinish(Ending ending, lane::Operation* done) = 0;

  // Whether a Read() waits for CompleteRead().
  bool reading() const { return reading_ != nullptr; }

  // The result of StartRead(). May come when nobody waits for it any more.
  void CompleteRead(bool ok) {
    if (reading_) std::exchange(reading_, nullptr)->Complete(ok);
  }

  // The transport has seen that the caller is gone: it cancelled, its connection broke, or its deadline passed. On the
  // lane; more than once does no harm.
  void CallerIsGone();

 private:
  // What an operation is awaited by.
  struct Step {
    explicit Step(ServerCall* its_call) : call(its_call) {}
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    void await_suspend(std::coroutine_handle<> awaiter) { done.await_suspend(awaiter); }
    bool await_resume() { return done.await_resume(); }

    ServerCall* const call;
    lane::Operation done;
  };

  void OnCancel() override;
  bool BeginRead(lane::Operation* done);

  lane::Lane* const lane_;
  bool caller_is_gone_ = false;
  lane::Cancellation* told_ = nullptr;
  lane::Cancellation* shutdown_ = nullptr;  // while listed there
  bool is_stream_ = false;
  bool shut_down_ = false;              // the server ends: a stream reads no more
  lane::Operation* reading_ = nullptr;  // while a Read() waits
};

}  // namespace interaction::rpc
