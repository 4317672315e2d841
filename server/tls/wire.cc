#include "server/tls/wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace interaction::tls {
namespace {

Wire* WireOf(BIO* bio) { return static_cast<Wire*>(BIO_get_data(bio)); }

}  // namespace

BIO* Wire::NewBio() {
  BIO* const bio = BIO_new(Method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

BIO_METHOD* Wire::Method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    BIO_meth_set_read(made, &Wire::Read);
    BIO_meth_set_write(made, &Wire::Write);
    BIO_meth_set_ctrl(made, &Wire::Control);
    return made;
  }();
  return method;
}

// The functions of a BIO return the number of bytes, 0 at the end and -1 for failure or "again" (BIO_read(3)).
int Wire::Read(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const int count = WireOf(bio)->ReadBytes(buffer, static_cast<size_t>(size));
  if (count < 0 && BIO_sock_should_retry(count) != 0) BIO_set_retry_read(bio);
  return count;
}

int Wire::Write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const int count = WireOf(bio)->WriteBytes(data, static_cast<size_t>(size));
  if (count < 0 && BIO_sock_should_retry(count) != 0) BIO_set_retry_write(bio);
  return count;
}

long Wire::Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;  // nothing is kept back
  if (command == BIO_CTRL_EOF) return WireOf(bio)->at_end_ ? 1 : 0;
  return 0;
}

int Wire::ReadBytes(char* buffer, size_t size) {
  if (!fed_.empty()) {
    const size_t count = std::min(size, fed_.size());
    memcpy(buffer, fed_.data(), count);
    fed_.remove_prefix(count);
    return static_cast<int>(count);
  }
  const auto count = static_cast<int>(recv(fd_, buffer, size, 0));
  at_end_ = count == 0;
  return count;
}

int Wire::WriteBytes(const char* data, size_t size) {
  if (collected_ != nullptr) {
    collected_->append(data, size);
    return static_cast<int>(size);
  }
  if (held_) {
    errno = EAGAIN;
    return -1;
  }
  return static_cast<int>(send(fd_, data, size, MSG_NOSIGNAL));
}

}  // namespace interaction::tls
