#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/http/curl_handles.h"

namespace interaction::http {

class CurlAttempt;

// Some of the attempts of a connector: a multi handle of libcurl, told about its sockets and timers by the loop.
// libcurl walks through all connections of a multi handle when a socket is taken from it; so each has a few only.
class CurlGroup final : private event::Timers::Timer {
 public:
  static constexpr size_t kMaxAttempts = 32;

  class Owner {
   public:
    // libcurl is done with the attempt, which has left the group.
    virtual void OnAttemptEnd(CurlAttempt* attempt, absl::StatusOr<int> fd) = 0;

   protected:
    ~Owner() = default;
  };

  // `loop` and `owner` outlive the group.
  static absl::StatusOr<std::unique_ptr<CurlGroup>> Create(event::Loop* loop, Owner* owner);
  ~CurlGroup();  // without attempts

  // Lets libcurl begin. False: out of memory.
  bool Add(CurlAttempt* attempt);

  // Takes the attempt back from libcurl, which closes its sockets but one that was taken.
  void Remove(CurlAttempt* attempt);

  // An address has refused; another may be tried.
  void NoteRefusal(CurlAttempt* attempt) { refused_.push_back(attempt); }

  size_t attempts() const { return attempts_; }

 private:
  class Socket;

  CurlGroup(event::Loop* loop, Owner* owner) : loop_(*loop), owner_(*owner) {}

  static int OnSocket(void* easy, int fd, int what, void* self, void* socket);

  void OnDue() override;
  void Act(int fd, int curl_events);
  void Reap();
  void SetTimer(std::optional<SteadyTime> due);
  void AskForTimer();

  event::Loop& loop_;
  Owner& owner_;
  MultiHandle multi_;
  size_t attempts_ = 0;
  std::vector<CurlAttempt*> refused_;  // by one of their addresses, since libcurl was called
  std::optional<SteadyTime> timer_;    // listed in the loop
};

}  // namespace interaction::http
