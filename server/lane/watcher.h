#pragma once

#include <memory>
#include <thread>

#include "absl/status/statusor.h"

namespace interaction::lane {

class Lane;

// One thread for the whole process that listens, while a lane sleeps in its completion queue, to the sockets of that
// lane's HTTP client, and wakes the lane. Under load lanes do not sleep, and this thread never runs.
class Watcher {
 public:
  static absl::StatusOr<std::unique_ptr<Watcher>> Create();
  ~Watcher();  // stops the thread; no lane may be asleep with a watch armed

  // Lists `fd`, the epoll descriptor of the lane's HTTP client. Before the lane starts.
  absl::Status Add(Lane* lane, int fd);

  // Asks for one wake-up of the lane as soon as `fd` is readable, at once if it already is. On the lane's thread.
  void Arm(Lane* lane, int fd);

  // Ends the thread: nothing is woken any more. Idempotent.
  void Stop();

 private:
  Watcher(int epoll_fd, int stop_fd);
  void Run();

  const int epoll_fd_;
  const int stop_fd_;
  std::thread thread_;
};

}  // namespace interaction::lane
