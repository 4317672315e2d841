#pragma once

#include <sched.h>
#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace interaction::testing {

// Keeps all threads of a process, and those that they start, on one core, so that what others do on another does not
// count against it. Does nothing where there is no such core.
inline void Pin(pid_t process, int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  for (const auto& task : std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/task"))) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(task.path().filename().string(), &thread)) sched_setaffinity(thread, sizeof set, &set);
  }
}

// The p99 of how long `call` takes, which is made again and again for that time.
inline absl::Duration P99(absl::FunctionRef<void()> call, absl::Duration time) {
  std::vector<absl::Duration> times;
  for (const absl::Time end = absl::Now() + time; absl::Now() < end;) {
    const absl::Time start = absl::Now();
    call();
    times.push_back(absl::Now() - start);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

// Of "127.0.0.1:4711".
inline uint16_t PortOf(const std::string& address) {
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

}  // namespace interaction::testing
