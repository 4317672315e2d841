#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "tests/support/channel.h"
#include "tests/support/script.h"

namespace interaction::testing {

// Reads the head of an HTTP/1.1 request at the start of `bytes` and tells its size; nullopt while it is incomplete.
std::optional<RecordedRequest> ParseHead(absl::string_view bytes, size_t* size);

// What a connection asks its upstream. Any may be empty except on_request.
struct ConnectionHooks {
  Handler on_headers;                 // the head of a request is there, its body not yet read: [] means read on
  Handler on_request;                 // a request was read completely
  std::function<void()> on_answered;  // its script has come to its end, or the connection has
};

// One connection of a scripted upstream: reads requests and runs the scripts they get. Never blocks; lives on the
// upstream's thread.
class UpstreamConnection {
 public:
  UpstreamConnection(int id, std::unique_ptr<Channel> channel, Script first, const ConnectionHooks* hooks);
  ~UpstreamConnection();

  // Does what can be done now. Call it when the socket is ready or due() has come.
  void Turn(SteadyTime now);

  // Ends the connection with RST.
  void Reset();

  // Whether it is over, and the object of no more use.
  bool ended() const { return ended_; }

  // Whether Turn() waits for room to write.
  bool wants_write() const { return wants_write_; }

  // When to call Turn() although the socket is quiet.
  std::optional<SteadyTime> due() const { return due_; }

  int fd() const { return channel_->fd(); }

 private:
  bool Receive();
  bool StartNext(SteadyTime now);
  void EndAnswer();
  bool RunStep(const Step& step, SteadyTime now);
  bool WaitUntil(SteadyTime time, SteadyTime now);
  bool WriteSome(absl::string_view bytes);
  bool SendRepeatedly(const Step& step);
  bool DripNext(const Step& step, SteadyTime now);
  void FinishStep();

  const int id_;
  const std::unique_ptr<Channel> channel_;
  const ConnectionHooks* const hooks_;
  std::string in_;                       // read, but not yet part of a request
  std::optional<RecordedRequest> head_;  // of the request that is being read
  size_t head_size_ = 0;
  int requests_ = 0;
  bool answering_ = false;

  std::deque<Step> steps_;
  int64_t round_ = 0;  // how often the first step has sent its bytes
  size_t offset_ = 0;  // and how many of them in this round
  std::optional<SteadyTime> due_;
  size_t write_budget_ = 0;  // bytes that may still be written in this turn
  bool wants_write_ = false;
  bool closing_ = false;  // nothing follows from our side; waits for the client to hang up
  bool ended_ = false;
};

}  // namespace interaction::testing
