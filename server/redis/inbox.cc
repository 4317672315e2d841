#include "server/redis/inbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "server/base/mutex.h"

namespace interaction::redis {

absl::StatusOr<std::shared_ptr<Inbox>> Inbox::Create() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return absl::ErrnoToStatus(errno, "eventfd");
  return std::shared_ptr<Inbox>(new Inbox(fd));
}

Inbox::~Inbox() { close(fd_); }

void Inbox::Put(Command command) {
  const MutexLock lock(&mutex_);
  letters_.commands.push_back(std::move(command));
  Wake();
}

void Inbox::Put(Task task) {
  const MutexLock lock(&mutex_);
  letters_.tasks.push_back(std::move(task));
  Wake();
}

void Inbox::PutAddresses(std::string host, absl::StatusOr<std::vector<std::string>> addresses) {
  const MutexLock lock(&mutex_);
  letters_.addresses.emplace_back(std::move(host), std::move(addresses));
  Wake();
}

void Inbox::PutStop() {
  const MutexLock lock(&mutex_);
  letters_.stop = true;
  Wake();
}

Inbox::Letters Inbox::Take() {
  const MutexLock lock(&mutex_);
  if (std::exchange(awake_, false)) {
    eventfd_t count;
    eventfd_read(fd_, &count);
  }
  return std::exchange(letters_, {});
}

void Inbox::Wake() {
  if (!std::exchange(awake_, true)) eventfd_write(fd_, 1);
}

}  // namespace interaction::redis
