#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

#include "absl/time/time.h"

namespace interaction::testing {

// What a process holds, to show that nothing leaks and nothing grows.
struct ProcessStats {
  int open_fds = 0;
  int threads = 0;
  int64_t rss_bytes = 0;
  int64_t peak_rss_bytes = 0;  // since the start or the last ResetPeakRss()
  absl::Duration cpu;          // user and system
};

// All zero if there is no such process.
ProcessStats ReadProcessStats(pid_t pid = getpid());

void ResetPeakRss(pid_t pid = getpid());

}  // namespace interaction::testing
