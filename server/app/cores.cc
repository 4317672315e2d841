#include "server/app/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace interaction::app {
namespace {

using Fields = std::vector<absl::string_view>;

// "" if there is no such file.
std::string Read(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

bool HasItem(absl::string_view list, absl::string_view item) {
  const Fields items = absl::StrSplit(list, ',');
  return std::find(items.begin(), items.end(), item) != items.end();
}

// A tree of cgroups with the CPU controller, and the place of this process in it.
struct Hierarchy {
  bool v2 = false;
  std::string mount_point;  // "/sys/fs/cgroup"
  std::string mounted;      // the cgroup mounted there: "/", or in a container with version 1 "/docker/0a1b"
  std::string own;          // the cgroup of this process: "/kubepods/pod1/2"
};

// Each line of /proc/self/cgroup is "number:controllers:cgroup", of version 2 "0::cgroup".
std::string OwnCgroup(const std::string& text, bool v2) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const Fields fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() == 3 && (v2 ? fields[1].empty() : HasItem(fields[1], "cpu"))) return std::string(fields[2]);
  }
  return "";
}

// A line of /proc/self/mountinfo: "number parent device root mount-point options... - type source super-options".
std::vector<Hierarchy> Hierarchies(const std::string& root) {
  const std::string cgroups = Read(absl::StrCat(root, "/proc/self/cgroup"));
  const std::string mounts = Read(absl::StrCat(root, "/proc/self/mountinfo"));
  std::vector<Hierarchy> found;
  for (absl::string_view line : absl::StrSplit(mounts, '\n')) {
    const Fields halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const Fields place = absl::StrSplit(halves[0], ' ');
    const Fields kind = absl::StrSplit(halves[1], ' ');
    if (place.size() < 5 || kind.size() < 3) continue;
    const bool v2 = kind[0] == "cgroup2";
    if (!v2 && !(kind[0] == "cgroup" && HasItem(kind[2], "cpu"))) continue;
    found.push_back({v2, std::string(place[4]), std::string(place[3]), OwnCgroup(cgroups, v2)});
  }
  return found;
}

// Quota divided by period, in one file or two; 0: none.
double QuotaOf(const std::string& folder, bool v2) {
  std::string quota, period;
  if (v2) {
    std::istringstream(Read(folder + "/cpu.max")) >> quota >> period;
  } else {
    std::istringstream(Read(folder + "/cpu.cfs_quota_us")) >> quota;
    std::istringstream(Read(folder + "/cpu.cfs_period_us")) >> period;
  }
  double quota_us = 0, period_us = 0;  // "max" and -1 are no limit
  if (!absl::SimpleAtod(quota, &quota_us) || !absl::SimpleAtod(period, &period_us)) return 0;
  return quota_us > 0 && period_us > 0 ? quota_us / period_us : 0;
}

}  // namespace

double CpuQuota(const std::string& root) {
  double least = 0;
  for (const Hierarchy& tree : Hierarchies(root)) {
    // The path below the mounted cgroup. A process that is outside of it sees only the mounted one.
    absl::string_view below = tree.own;
    const bool is_below = absl::ConsumePrefix(&below, absl::StripSuffix(tree.mounted, "/"));
    if (!is_below || !absl::StartsWith(below, "/") || absl::StrContains(below, "..")) below = "";
    while (true) {
      const double quota = QuotaOf(absl::StrCat(root, tree.mount_point, below), tree.v2);
      if (quota > 0 && (least == 0 || quota < least)) least = quota;
      if (below.empty()) break;
      below = below.substr(0, below.rfind('/'));
    }
  }
  return least;
}

int AvailableCores(const std::string& root) {
  cpu_set_t mask;
  const int cores = sched_getaffinity(0, sizeof(mask), &mask) == 0 ? CPU_COUNT(&mask) : 1;
  const double quota = CpuQuota(root);
  return std::max(quota > 0 ? static_cast<int>(std::min<double>(cores, std::ceil(quota))) : cores, 1);
}

}  // namespace interaction::app
