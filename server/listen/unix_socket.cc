#include "server/listen/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace interaction::listen {
namespace {

// Locks the folder between checking a path and changing it. If the folder cannot be locked, two servers that start on
// one path within a millisecond may both succeed.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    fd_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int tries = 0; fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) != 0 && tries < 100; ++tries) poll(nullptr, 0, 10);
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

absl::Status Unavailable(absl::string_view why) { return absl::UnavailableError(why); }
absl::Status Unavailable(int error) { return absl::UnavailableError(strerrordesc_np(error)); }

absl::string_view KindOf(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a file of another kind";
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

// The error of connect(2) on a socket file; 0 if a process listens.
int Probe(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int error = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error == EAGAIN ? 0 : error;  // EAGAIN: a process listens, and its queue is full
}

// Makes room for a socket at `path`, if there is nothing there but one left by a server that has ended.
absl::Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return errno == ENOENT ? absl::OkStatus() : Unavailable(errno);
  if (!S_ISSOCK(info.st_mode)) return Unavailable(absl::StrCat("the path belongs to ", KindOf(info.st_mode)));
  const int error = Probe(address);
  if (error == 0) return Unavailable("another process listens there");
  if (error == ENOENT) return absl::OkStatus();
  if (error != ECONNREFUSED) return Unavailable(absl::StrCat("the path is a socket: ", strerrordesc_np(error)));
  return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus() : Unavailable(errno);
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixSocketPath>> UnixSocketPath::Listen(int fd, const std::string& path, int backlog) {
  const sockaddr_un address = AddressOf(path);
  const FolderLock lock(path);
  RETURN_IF_ERROR(RemoveStale(path, address));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno == EADDRINUSE ? Unavailable("another process listens there") : Unavailable(errno);
  }
  struct stat info;
  // Listens before it releases the lock: a socket that is only bound looks like one that nobody listens on.
  if (lstat(path.c_str(), &info) != 0 || ::listen(fd, backlog) != 0) return Unavailable(errno);
  return std::unique_ptr<UnixSocketPath>(new UnixSocketPath(path, info.st_dev, info.st_ino));
}

UnixSocketPath::~UnixSocketPath() {
  const FolderLock lock(path_);
  struct stat info;
  if (lstat(path_.c_str(), &info) != 0 || info.st_dev != device_ || info.st_ino != inode_) return;
  unlink(path_.c_str());
}

}  // namespace interaction::listen
