#include "client/cli/import/input.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <istream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace interaction::cli::import {
namespace {

absl::Status CannotRead(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("cannot read ", name, ": ", std::strerror(errno)));
}

absl::Status CannotCopy() {
  return absl::NotFoundError(
      absl::StrCat("cannot keep a copy of the input for its second reading: ", std::strerror(errno)));
}

// Copies what `read(buffer, size)` gives, until it gives nothing.
template <typename Read>
absl::Status Copy(const Read& read, std::FILE* to) {
  char buffer[65536];
  while (const size_t count = read(buffer, sizeof(buffer))) {
    if (std::fwrite(buffer, 1, count, to) != count) return CannotCopy();
  }
  return std::fflush(to) == 0 ? absl::OkStatus() : CannotCopy();
}

}  // namespace

Input::Input(File file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

absl::StatusOr<std::unique_ptr<Input>> Input::Open(const std::string& path, std::istream& in) {
  const std::string name = path == "-" ? "standard input" : path;
  File file(path == "-" ? std::tmpfile() : std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return path == "-" ? CannotCopy() : CannotRead(name);
  struct stat status = {};
  if (fstat(fileno(file.get()), &status) != 0) return CannotRead(name);
  if (S_ISDIR(status.st_mode)) return absl::NotFoundError(absl::StrCat("cannot read ", name, ": it is a folder"));
  absl::Status copied;
  if (path == "-") {
    errno = 0;
    const auto read = [&in](char* to, size_t size) { return in.read(to, size), static_cast<size_t>(in.gcount()); };
    copied = Copy(read, file.get());
    if (in.bad()) return CannotRead(name);
  } else if (!S_ISREG(status.st_mode)) {
    File copy(std::tmpfile(), &std::fclose);
    if (copy == nullptr) return CannotCopy();
    copied = Copy([&file](char* to, size_t size) { return std::fread(to, 1, size, file.get()); }, copy.get());
    if (std::ferror(file.get()) != 0) return CannotRead(name);
    file = std::move(copy);
  }
  if (!copied.ok()) return copied;
  auto input = std::unique_ptr<Input>(new Input(std::move(file), name));
  const absl::StatusOr<uint64_t> change = input->LastChange();
  if (!change.ok()) return change.status();
  input->last_change_ = *change;
  if (fstat(fileno(input->file_.get()), &status) == 0) input->size_ = static_cast<uint64_t>(status.st_size);
  if (const absl::Status rewound = input->Rewind(); !rewound.ok()) return rewound;
  return input;
}

absl::Status Input::Rewind() {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) return CannotRead(name_);
  position_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<size_t> Input::Read(char* buffer, size_t size) {
  const size_t count = std::fread(buffer, 1, size, file_.get());
  if (count == 0 && std::ferror(file_.get()) != 0) return CannotRead(name_);
  position_ += count;
  return count;
}

absl::StatusOr<uint64_t> Input::LastChange() const {
  struct stat status = {};
  if (fstat(fileno(file_.get()), &status) != 0) return CannotRead(name_);
  return static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
}

absl::Status Input::CheckUnchanged() const {
  const absl::StatusOr<uint64_t> change = LastChange();
  if (!change.ok()) return change.status();
  if (*change == last_change_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(name_, " was changed while it was read; start again"));
}

}  // namespace interaction::cli::import
