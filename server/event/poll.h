#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::event {

// Waits for file descriptors on one thread: an epoll(7) instance. Belongs to the thread that waits; every member but
// Wake() is for that thread.
class Poll {
 public:
  // What owns a descriptor and acts on its events.
  class Handler {
   public:
    // `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP ... as epoll_wait(2) reports them. It may add, modify and remove
    // any descriptor, its own included, and destroy this handler after Remove().
    virtual void OnEvents(uint32_t events) = 0;

   protected:
    ~Handler() = default;
  };

  // RESOURCE_EXHAUSTED when the process has no descriptor left.
  static absl::StatusOr<std::unique_ptr<Poll>> Create();
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  // Reports `events` of `fd` to `handler`, which outlives the registration. Level-triggered unless EPOLLET is among
  // them. RESOURCE_EXHAUSTED when the kernel has no memory or no watch left for it.
  absl::Status Add(int fd, uint32_t events, Handler* handler);

  // Reports other events of a descriptor that was added with the same handler.
  void Modify(int fd, uint32_t events, Handler* handler);

  // Reports nothing of `fd` any more, not even what Turn() has already read from the kernel. Before close(2).
  void Remove(int fd, Handler* handler);

  // Waits until a descriptor is ready, Wake() is called or `wait` has passed, and lets the handlers act. Zero: only
  // looks; absl::InfiniteDuration(): as long as it takes. Waits are rounded up to a millisecond, so that a timer which
  // is due then is due indeed. Returns whether any handler has acted.
  bool Turn(absl::Duration wait) {
    Wait(wait);
    return Act();
  }

  // The two parts of Turn().
  void Wait(absl::Duration wait);
  bool Act();

  // Ends the wait of a Turn() under way, or that of the next. Any thread.
  void Wake();

  // Readable when Turn() has something to do: for nesting in another epoll instance.
  int fd() const { return epoll_fd_; }

 private:
  // Events read in one go. With more descriptors ready, the next Turn() reads the rest.
  static constexpr int kMaxEvents = 128;

  Poll(int epoll_fd, int wake_fd) : epoll_fd_(epoll_fd), wake_fd_(wake_fd) {}

  const int epoll_fd_;
  const int wake_fd_;  // an eventfd; its handler is null
  // What the current Turn() has read: those from next_ to read_ have yet to be reported.
  std::array<epoll_event, kMaxEvents> events_;
  int next_ = 0;
  int read_ = 0;
};

}  // namespace interaction::event
