#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/redis/reply.h"

namespace interaction::redis {

// A command on its way: not answered yet.
struct Command {
  std::vector<std::string> words;
  SteadyTime deadline;
  absl::AnyInvocable<void(absl::StatusOr<Reply>) &&> done;
};

// Something to do later.
struct Task {
  SteadyTime due;
  absl::AnyInvocable<void() &&> run;
};

// What other threads hand to a client's own. Shared, because a lookup of a host name may end after the client.
class Inbox {
 public:
  struct Letters {
    std::vector<Command> commands;
    std::vector<Task> tasks;
    std::optional<absl::StatusOr<std::vector<std::string>>> addresses;  // of a lookup that has ended
    bool stop = false;
  };

  static absl::StatusOr<std::shared_ptr<Inbox>> Create();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Readable when something was put in since the last Take().
  int fd() const { return fd_; }

  // Any thread.
  void Put(Command command);
  void Put(Task task);
  void PutAddresses(absl::StatusOr<std::vector<std::string>> addresses);
  void PutStop();

  // Everything that was put in so far. The client's thread.
  Letters Take();

 private:
  explicit Inbox(int fd) : fd_(fd) {}
  void Wake();  // with the lock held

  const int fd_;
  std::mutex mutex_;
  bool awake_ = false;  // guarded by mutex_: fd_ is readable already
  Letters letters_;     // guarded by mutex_
};

}  // namespace interaction::redis
