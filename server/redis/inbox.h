#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/redis/reply.h"

namespace interaction::redis {

// A command without an answer yet.
struct Command {
  std::vector<std::string> words;
  SteadyTime deadline;
  absl::AnyInvocable<void(absl::StatusOr<Reply>) &&> done;
};

// A task to run later.
struct Task {
  SteadyTime due;
  absl::AnyInvocable<void() &&> run;
};

// What other threads hand to the client's thread. Shared, because a host name lookup may end after the client.
class Inbox {
 public:
  struct Letters {
    std::vector<Command> commands;
    std::vector<Task> tasks;
    std::vector<std::pair<std::string, absl::StatusOr<std::vector<std::string>>>> addresses;  // of names looked up
    bool stop = false;
  };

  static absl::StatusOr<std::shared_ptr<Inbox>> Create();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Readable if anything was put in since the last Take().
  int fd() const { return fd_; }

  // Any thread.
  void Put(Command command);
  void Put(Task task);
  void PutAddresses(std::string host, absl::StatusOr<std::vector<std::string>> addresses);
  void PutStop();

  // Everything that was put in so far. On the client's thread.
  Letters Take();

 private:
  explicit Inbox(int fd) : fd_(fd) {}
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int fd_;
  Mutex mutex_;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;  // fd_ is readable already
  Letters letters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::redis
