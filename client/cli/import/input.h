#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iosfwd>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace interaction::cli::import {

// The bytes of a file or of standard input, which can be read from the beginning more than once. What cannot be read
// twice (standard input, a pipe) is copied into an unnamed temporary file first.
class Input {
 public:
  // `path` is "-" for `in`. NOT_FOUND, with the reason of the system, if it cannot be read.
  static absl::StatusOr<std::unique_ptr<Input>> Open(const std::string& path, std::istream& in);

  absl::Status Rewind();
  absl::StatusOr<size_t> Read(char* buffer, size_t size);  // 0: the end

  uint64_t size() const { return size_; }
  uint64_t position() const { return position_; }

  // FAILED_PRECONDITION if somebody wrote to the file after it was opened.
  absl::Status CheckUnchanged() const;

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  Input(File file, std::string name);

  absl::StatusOr<uint64_t> LastChange() const;  // nanoseconds

  const File file_;
  const std::string name_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
  uint64_t last_change_ = 0;
};

}  // namespace interaction::cli::import
