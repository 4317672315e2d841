#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/auth/caller.h"
#include "server/base/metadata.h"
#include "server/lane/lane.h"
#include "server/lane/operation.h"
#include "server/rpc/server_call.h"

namespace interaction::testing {

class FakeServerCall;

// A caller that a test plays: what it sends, and what it was sent. Outlives the call. Used on the lane.
struct FakeCaller {
  std::vector<MetadataEntry> metadata;  // of constants
  std::optional<absl::Duration> time_left;
  std::string peer = "ipv4:10.0.0.7:4711";
  auth::Caller connection;           // by the connection's certificate
  std::deque<std::string> messages;  // that the handler has not read yet
  bool half_closed = true;           // sends no more
  absl::Status refusal;              // why the transport does not accept the next message
  bool reads_answer = true;          // false: the transport cannot get rid of the answer until the call is given up

  std::vector<std::string> written;
  std::optional<rpc::ServerCall::Ending> ending;
  bool was_cut_off = false;
  bool is_over = false;  // the handler has destroyed the call
  FakeServerCall* call = nullptr;
};

// A call without a transport.
class FakeServerCall final : public rpc::ServerCall {
 public:
  FakeServerCall(lane::Lane* lane, FakeCaller* caller) : ServerCall(lane), caller_(caller) { caller->call = this; }
  ~FakeServerCall() override {
    caller_->call = nullptr;
    caller_->is_over = true;
  }

  // The caller sends a message.
  void Send(std::string message) {
    caller_->messages.push_back(std::move(message));
    if (!std::exchange(is_awaited_, false)) return;
    TakeMessage();
    CompleteRead(true);
  }

  // The caller leaves.
  void Leave() {
    FakeCaller* const caller = caller_;
    caller->half_closed = true;
    CallerIsGone();
    if (caller->call) EndWait();
  }

  absl::string_view path() const override { return "/fake.Service/Method"; }
  absl::Span<const MetadataEntry> metadata() const override { return caller_->metadata; }
  std::optional<absl::Duration> time_left() const override { return caller_->time_left; }
  std::string peer() const override { return caller_->peer; }
  auth::Caller caller() const override { return caller_->connection; }
  absl::Status refusal() const override { return caller_->refusal; }
  absl::string_view message() const override { return message_; }

  void Abort() override {
    caller_->was_cut_off = true;
    caller_->half_closed = true;
    lane()->Execute([caller = caller_] {
      if (caller->call) caller->call->EndWait();
    });
  }

 private:
  void TakeMessage() {
    message_ = std::move(caller_->messages.front());
    caller_->messages.pop_front();
  }
  // What is awaited fails.
  void EndWait() {
    if (std::exchange(is_awaited_, false)) return CompleteRead(false);
    if (finishing_) std::exchange(finishing_, nullptr)->Complete(false);
  }

  std::optional<bool> StartRead() override {
    if (!caller_->messages.empty()) return TakeMessage(), true;
    if (caller_->half_closed) return false;
    is_awaited_ = true;
    return std::nullopt;
  }
  bool StartWrite(std::string message, lane::Operation*) override {
    caller_->written.push_back(std::move(message));
    return true;
  }
  bool StartFinish(Ending ending, lane::Operation* done) override {
    caller_->ending = std::move(ending);
    if (caller_->reads_answer) return true;
    finishing_ = done;
    return false;
  }

  FakeCaller* const caller_;
  std::string message_;
  bool is_awaited_ = false;  // a message is
  lane::Operation* finishing_ = nullptr;
};

}  // namespace interaction::testing
