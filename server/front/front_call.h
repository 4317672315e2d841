#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/front/connection.h"
#include "server/h2/session.h"
#include "server/rpc/server_call.h"

namespace interaction::front {

// A call on a stream of a connection. Its handler owns it; it outlives the stream if the handler does.
class FrontCall final : public rpc::ServerCall {
 public:
  // `head` lives until OnClosed().
  FrontCall(Connection* connection, h2::StreamId stream, const h2::RequestHead* head);
  ~FrontCall() override;

  absl::string_view path() const override { return head_->path; }
  absl::Span<const MetadataEntry> metadata() const override { return head_->metadata; }
  std::optional<absl::Duration> time_left() const override;
  std::string peer() const override { return peer_->address; }
  auth::Caller caller() const override { return peer_->caller; }
  absl::Status refusal() const override { return refusal_; }
  absl::string_view message() const override { return message_; }
  void Abort() override;

  h2::StreamId stream() const { return stream_; }
  bool waits_for_message() const { return reading() && !has_message_; }
  SteadyTime arrived() const { return arrived_; }

  // What the connection hears of the stream.
  void OnMessage(std::string message);
  void OnHalfClosed();
  void OnRefused(const h2::Refusal& refusal);
  void OnDrained();
  void OnClosed(h2::StreamEnd end);

  // The message has not come in time.
  void GiveUpReading();

 private:
  // The request's headers, once the stream's own are gone.
  struct OwnHead {
    std::string text;
    h2::RequestHead head;
  };

  std::optional<bool> StartRead() override;
  bool StartWrite(std::string message, lane::Operation* done) override;
  bool StartFinish(Ending ending, lane::Operation* done) override;
  void Refuse(absl::Status error);
  void KeepHead();

  Connection* connection_;  // null once the stream has ended
  const h2::StreamId stream_;
  const h2::RequestHead* head_;
  std::unique_ptr<OwnHead> own_head_;
  const std::shared_ptr<const Peer> peer_;
  const SteadyTime arrived_;
  std::atomic<size_t>* const calls_open_;
  absl::Status refusal_;
  std::string message_;
  std::vector<std::string> waiting_;  // messages that were not read yet
  bool has_message_ = false;          // one has been read
  bool half_closed_ = false;
  bool held_back_ = false;  // the client may send no more messages for now
  lane::Operation* writing_ = nullptr;
  lane::Operation* finishing_ = nullptr;
};

}  // namespace interaction::front
