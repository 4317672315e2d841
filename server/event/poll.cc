#include "server/event/poll.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace interaction::event {
namespace {

int ToMilliseconds(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) return -1;
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<int64_t>(milliseconds, 0, std::numeric_limits<int>::max()));
}

epoll_event MakeEvent(uint32_t events, Poll::Handler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Poll>> Poll::Create() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return absl::ResourceExhaustedError(absl::ErrnoToStatus(errno, "epoll_create1").message());
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event wake = MakeEvent(EPOLLIN, nullptr);
  if (wake_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &wake) != 0) {
    const absl::Status error = absl::ErrnoToStatus(errno, "eventfd");
    if (wake_fd >= 0) close(wake_fd);
    close(epoll_fd);
    return absl::ResourceExhaustedError(error.message());
  }
  return std::unique_ptr<Poll>(new Poll(epoll_fd, wake_fd));
}

Poll::~Poll() {
  close(wake_fd_);
  close(epoll_fd_);
}

absl::Status Poll::Add(int fd, uint32_t events, Handler* handler) {
  epoll_event event = MakeEvent(events, handler);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::ErrnoToStatus(errno, "epoll_ctl").message());
}

void Poll::Modify(int fd, uint32_t events, Handler* handler) {
  epoll_event event = MakeEvent(events, handler);
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void Poll::Remove(int fd, Handler* handler) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = next_; i < read_; ++i) {
    if (events_[i].data.ptr == handler) events_[i].events = 0;
  }
}

void Poll::Wait(absl::Duration wait) {
  const int read = epoll_wait(epoll_fd_, events_.data(), kMaxEvents, ToMilliseconds(wait));
  read_ = std::max(read, 0);  // nothing within the wait, or EINTR
}

bool Poll::Act() {
  bool acted = false;
  for (next_ = 0; next_ < read_;) {
    const epoll_event event = events_[next_++];
    if (event.events == 0) continue;  // removed meanwhile
    if (event.data.ptr == nullptr) {
      uint64_t wakes;
      [[maybe_unused]] const ssize_t taken = ::read(wake_fd_, &wakes, sizeof(wakes));
      continue;
    }
    static_cast<Handler*>(event.data.ptr)->OnEvents(event.events);
    acted = true;
  }
  next_ = read_ = 0;
  return acted;
}

void Poll::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

}  // namespace interaction::event
