#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/sockets.h"

namespace interaction::testing {

struct SubprocessOptions {
  std::map<std::string, std::string> env;  // added to the test's own environment, or instead of what is there
  std::vector<std::string> unset_env;
  std::string cwd;  // "": the test's own
};

// How a process ended: with an exit code or by a signal.
struct ExitStatus {
  int code = 0;    // if signal is 0
  int signal = 0;  // 0: it exited by itself
  bool operator==(const ExitStatus&) const = default;
};

// A program under test in a process of its own. It is killed when the object dies, and when the thread that made the
// object ends, as it does with a test that crashed or timed out. What it writes is collected as it comes, so that it
// never blocks on a full pipe.
class Subprocess {
 public:
  // Starts the program at `path`. A program that cannot be started exits with 127, as in a shell.
  Subprocess(const std::string& path, const std::vector<std::string>& args, const SubprocessOptions& options = {});
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }

  // Everything that was written so far.
  std::string Stdout() const;
  std::string Stderr() const;

  // The first complete line, of either stream, that contains `text`; waits for it. nullopt when the time is up or the
  // output ended without it.
  std::optional<std::string> WaitForLine(absl::string_view text, absl::Duration timeout = absl::Seconds(10)) const;

  void Signal(int signal) const;

  // How the process ended; nullopt if it still runs when the time is up. All its output is there afterwards.
  std::optional<ExitStatus> Wait(absl::Duration timeout = absl::Seconds(10));

 private:
  struct Stream {
    Fd fd;
    std::string text;
  };

  void Collect();
  bool ReadInto(Stream* stream);
  std::optional<std::string> FindLine(absl::string_view text) const;

  pid_t pid_ = -1;
  Fd pidfd_;
  std::optional<ExitStatus> exit_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Stream stdout_, stderr_;
  bool ended_ = false;  // both streams
  std::thread collector_;
};

}  // namespace interaction::testing
