#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/mutex.h"
#include "server/telemetry/log.h"

namespace interaction::telemetry {

// Collects lines and writes them to a file descriptor on a thread of its own, many at a time, so that a lane never
// waits for whoever reads the log. If the reader is too slow, or the disk full, lines are lost and counted.
class BufferedLogSink final : public LogSink {
 public:
  struct Options {
    size_t max_bytes = 1 << 20;                       // that wait to be written
    absl::Duration collect = absl::Milliseconds(50);  // how long lines may wait before they are written
    size_t enough_bytes = 64 << 10;                   // so many do not wait
    absl::Duration give_up_after = absl::Seconds(1);  // at the end: how long to wait for a reader
  };

  // `fd` is not closed by this.
  explicit BufferedLogSink(int fd) : BufferedLogSink(fd, Options()) {}
  BufferedLogSink(int fd, const Options& options);
  ~BufferedLogSink() override;  // writes what is left

  bool Write(absl::string_view line) noexcept override;

  // Lines that Write() has accepted, but that could not be written.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  void Run();
  bool WaitForLines(std::string* lines);
  void WriteAll(absl::string_view lines);
  bool WaitForReader();

  const int fd_;
  const size_t bytes_at_once_;
  const Options options_;
  std::atomic<uint64_t> lost_{0};
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::string lines_ ABSL_GUARDED_BY(mutex_);
  bool is_waiting_ ABSL_GUARDED_BY(mutex_) = false;  // the thread, for the first line
  std::atomic<bool> is_ending_{false};               // written with mutex_ held
  absl::Duration waited_at_end_;                     // for a reader; the thread's
  std::thread thread_;
};

}  // namespace interaction::telemetry
