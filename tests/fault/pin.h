#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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

// Of "127.0.0.1:4711".
inline uint16_t PortOf(const std::string& address) {
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

}  // namespace interaction::testing
