#include "server/config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/config/values.h"

namespace interaction::config {
namespace {

constexpr size_t kMaxSecret = 512;

absl::Status Problem(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(Quote(path), " ", what));
}

absl::Status CannotRead(const std::string& path, int error) {
  return Problem(path, absl::StrCat("cannot be read: ", strerrordesc_np(error)));
}

absl::StatusOr<int> OpenRegular(const std::string& path) {
  // Without O_NONBLOCK, a pipe without a writer would block the start.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, errno);
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
  close(fd);
  return Problem(path, S_ISDIR(info.st_mode) ? "is a directory, not a file" : "is not a regular file");
}

absl::StatusOr<std::string> ReadUpTo(const std::string& path, size_t limit) {
  ASSIGN_OR_RETURN(const int fd, OpenRegular(path));
  absl::Cleanup closer = [fd] { close(fd); };
  std::string content(limit, '\0');
  size_t size = 0;
  while (size < limit) {
    const ssize_t n = read(fd, content.data() + size, limit - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path, errno);
    if (n == 0) break;
    size += n;
  }
  content.resize(size);
  return content;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(std::string content, ReadUpTo(path, max_bytes + 1));
  if (content.size() > max_bytes) return Problem(path, absl::StrCat("is longer than ", max_bytes, " bytes"));
  return content;
}

absl::StatusOr<Secret> ReadSecret(const std::string& path) {
  // Enough to tell the longest secret, with its line break, from one that is too long.
  ASSIGN_OR_RETURN(std::string content, ReadUpTo(path, kMaxSecret + 3));
  absl::Cleanup wiper = [&content] { explicit_bzero(content.data(), content.size()); };
  absl::string_view value = content;
  if (absl::ConsumeSuffix(&value, "\n")) absl::ConsumeSuffix(&value, "\r");
  if (value.empty()) return Problem(path, "is empty");
  if (value.size() > kMaxSecret) return Problem(path, absl::StrCat("holds more than ", kMaxSecret, " characters"));
  for (char c : value) {
    if (c < 0x21 || c > 0x7e) {
      return Problem(
          path, "contains a blank, a control or a non-ASCII character; it must contain only the secret, on one line");
    }
  }
  return Secret(std::string(value));
}

mode_t ModeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mode : 0;
}

absl::Status CheckReadable(const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, OpenRegular(path));
  close(fd);
  return absl::OkStatus();
}

}  // namespace interaction::config
