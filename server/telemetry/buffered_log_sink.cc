#include "server/telemetry/buffered_log_sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace interaction::telemetry {
namespace {

// What is written in one piece: as much as a pipe that is ready takes without blocking, which no line exceeds; more to
// a file, which never blocks.
constexpr size_t kBytesAtOnce = PIPE_BUF;
constexpr size_t kBytesAtOnceToFile = 256 << 10;

size_t BytesAtOnce(int fd) {
  struct stat status {};
  const bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? kBytesAtOnceToFile : kBytesAtOnce;
}

// How often a reader that does not read is looked at.
constexpr int kLookAgainMs = 100;

// The whole lines that fit.
absl::string_view FirstLines(absl::string_view lines, size_t max_bytes) {
  if (lines.size() <= max_bytes) return lines;
  const size_t end = lines.rfind('\n', max_bytes - 1);
  return lines.substr(0, end == absl::string_view::npos ? max_bytes : end + 1);
}

}  // namespace

// Its thread takes no signals: the process may not have arranged yet who does.
BufferedLogSink::BufferedLogSink(int fd, const Options& options)
    : fd_(fd), bytes_at_once_(BytesAtOnce(fd)), options_(options) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BufferedLogSink::~BufferedLogSink() {
  {
    const MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool BufferedLogSink::Write(absl::string_view line) noexcept {
  bool is_news;  // to the thread, which waits for the first line, and then for enough of them
  {
    const MutexLock lock(&mutex_);
    const size_t before = lines_.size();
    if (before + line.size() > options_.max_bytes) return false;
    lines_.append(line.data(), line.size());
    is_news =
        std::exchange(is_waiting_, false) || (before < options_.enough_bytes && lines_.size() >= options_.enough_bytes);
  }
  if (is_news) changed_.notify_one();
  return true;
}

void BufferedLogSink::Run() {
  std::string lines;
  while (WaitForLines(&lines)) {
    WriteAll(lines);
    lines.clear();
  }
}

// False when there are none and there will be none.
bool BufferedLogSink::WaitForLines(std::string* lines) {
  const MutexLock lock(&mutex_);
  while (lines_.empty() && !is_ending_) {
    is_waiting_ = true;
    changed_.wait(mutex_);
  }
  is_waiting_ = false;
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(options_.collect);
  bool is_late = false;
  while (!is_ending_ && !is_late && lines_.size() < options_.enough_bytes) {
    is_late = changed_.wait_until(mutex_, deadline) == std::cv_status::timeout;
  }
  lines_.swap(*lines);
  return !lines->empty();
}

void BufferedLogSink::WriteAll(absl::string_view lines) {
  while (!lines.empty()) {
    const absl::string_view part = FirstLines(lines, bytes_at_once_);
    ssize_t written = -1;
    if (WaitForReader()) written = write(fd_, part.data(), part.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      lost_.fetch_add(static_cast<uint64_t>(std::count(part.begin(), part.end(), '\n')), std::memory_order_relaxed);
      written = static_cast<ssize_t>(part.size());
    }
    lines.remove_prefix(static_cast<size_t>(written));
  }
}

// False if it is too late to wait.
bool BufferedLogSink::WaitForReader() {
  while (true) {
    pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, waited_at_end_ < options_.give_up_after ? kLookAgainMs : 0) > 0) return true;
    if (waited_at_end_ >= options_.give_up_after) return false;
    if (is_ending_) waited_at_end_ += absl::Milliseconds(kLookAgainMs);
  }
}

}  // namespace interaction::telemetry
