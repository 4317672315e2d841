#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace interaction::listen {

// The path of a Unix socket that this process listens on. A path belongs to the server that listens on it, like a TCP
// port: it is not taken from a running server, and no other file is removed.
class UnixSocketPath {
 public:
  // Binds the socket `fd` to `path` and listens. Replaces a socket file that nobody listens on any more. UNAVAILABLE if
  // another process listens there, or if the path is a file of another kind; the message is the end of a line: "another
  // process listens there".
  static absl::StatusOr<std::unique_ptr<UnixSocketPath>> Listen(int fd, const std::string& path, int backlog);

  // Removes the file if it is still the one that Listen() created. Call it while the socket is open.
  ~UnixSocketPath();
  UnixSocketPath(const UnixSocketPath&) = delete;
  UnixSocketPath& operator=(const UnixSocketPath&) = delete;

 private:
  UnixSocketPath(const std::string& path, dev_t device, ino_t inode) : path_(path), device_(device), inode_(inode) {}

  const std::string path_;
  const dev_t device_;
  const ino_t inode_;  // not reused for another file while the socket is open
};

}  // namespace interaction::listen
