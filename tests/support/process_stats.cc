#include "tests/support/process_stats.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::testing {
namespace {

int CountOpenFds(const std::string& proc) {
  std::error_code error;
  std::filesystem::directory_iterator fds(proc + "/fd", error);
  return error ? 0 : static_cast<int>(std::distance(begin(fds), end(fds)));
}

// The number in the line "<key>:  <number> kB" of /proc/PID/status, 0 if there is none.
int64_t StatusNumber(const std::string& proc, absl::string_view key) {
  std::ifstream status(proc + "/status");
  const std::string prefix = absl::StrCat(key, ":");
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, prefix)) continue;
    int64_t number = 0;
    std::istringstream(line.substr(prefix.size())) >> number;
    return number;
  }
  return 0;
}

absl::Duration CpuTime(const std::string& proc) {
  std::ifstream file(proc + "/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  // The second field is the program's name in parentheses and may hold blanks; utime and stime are the 14th and 15th.
  std::istringstream rest(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  int64_t user = 0, system = 0;
  rest >> user >> system;
  return absl::Seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
}

}  // namespace

ProcessStats ReadProcessStats(pid_t pid) {
  const std::string proc = absl::StrCat("/proc/", pid);
  ProcessStats stats;
  // Listing one's own folder opens a descriptor that is listed too.
  stats.open_fds = CountOpenFds(proc) - (pid == getpid() ? 1 : 0);
  stats.threads = static_cast<int>(StatusNumber(proc, "Threads"));
  stats.rss_bytes = StatusNumber(proc, "VmRSS") << 10;
  stats.peak_rss_bytes = StatusNumber(proc, "VmHWM") << 10;
  if (stats.threads > 0) stats.cpu = CpuTime(proc);
  return stats;
}

void ResetPeakRss(pid_t pid) { std::ofstream(absl::StrCat("/proc/", pid, "/clear_refs")) << "5"; }

}  // namespace interaction::testing
