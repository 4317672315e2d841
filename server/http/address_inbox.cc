#include "server/http/address_inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "server/base/mutex.h"

namespace interaction::http {

AddressInbox::~AddressInbox() {
  if (event_fd_ >= 0) close(event_fd_);
}

absl::Status AddressInbox::Init() {
  event_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return event_fd_ < 0 ? absl::ErrnoToStatus(errno, "eventfd") : absl::OkStatus();
}

void AddressInbox::Put(Letter letter) {
  const MutexLock lock(&mutex_);
  letters_.push_back(std::move(letter));
  if (letters_.size() == 1) eventfd_write(event_fd_, 1);
}

std::vector<AddressInbox::Letter> AddressInbox::Take() {
  const MutexLock lock(&mutex_);
  if (letters_.empty()) return {};
  eventfd_t ignored;
  eventfd_read(event_fd_, &ignored);  // cannot block: Put() wrote to it when the first letter came
  return std::exchange(letters_, {});
}

}  // namespace interaction::http
