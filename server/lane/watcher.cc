#include "server/lane/watcher.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "absl/status/status.h"

#include "server/lane/lane.h"

namespace interaction::lane {
namespace {

epoll_event EventFor(uint32_t events, void* target) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = target;
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Watcher>> Watcher::Create() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto watcher = std::unique_ptr<Watcher>(new Watcher(epoll_fd, stop_fd));
  epoll_event stop = EventFor(EPOLLIN, nullptr);
  if (epoll_fd < 0 || stop_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) != 0) {
    return absl::ErrnoToStatus(errno, "cannot create the descriptors that lanes are woken with");
  }
  watcher->thread_ = std::thread(&Watcher::Run, watcher.get());
  return watcher;
}

Watcher::Watcher(int epoll_fd, int stop_fd) : epoll_fd_(epoll_fd), stop_fd_(stop_fd) {}

Watcher::~Watcher() {
  Stop();
  if (stop_fd_ >= 0) close(stop_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

absl::Status Watcher::Add(Lane* lane, int fd) {
  epoll_event disarmed = EventFor(0, lane);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &disarmed) != 0) {
    return absl::ErrnoToStatus(errno, "cannot watch a lane's sockets");
  }
  return absl::OkStatus();
}

void Watcher::Arm(Lane* lane, int fd) {
  epoll_event once = EventFor(EPOLLIN | EPOLLONESHOT, lane);
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &once);
}

void Watcher::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_fd_, 1);
  thread_.join();
}

void Watcher::Run() {
  while (true) {
    epoll_event events[16];
    const int ready = epoll_wait(epoll_fd_, events, 16, -1);
    for (int i = 0; i < ready; ++i) {
      if (events[i].data.ptr == nullptr) return;
      static_cast<Lane*>(events[i].data.ptr)->Wake();
    }
  }
}

}  // namespace interaction::lane
