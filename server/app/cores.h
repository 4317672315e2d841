#pragma once

#include <string>

namespace interaction::app {

// The cores that this process may use, at least 1: those of its affinity mask (taskset, a cpuset), or the CPU quota of
// its cgroup, rounded up, if that is less (`docker run --cpus`, a CPU limit in Kubernetes). `root` is the root of the
// file system, which tests replace.
int AvailableCores(const std::string& root = "");

// The CPU quota of this process in cores: the smallest of its cgroups and their ancestors, in version 2 (cpu.max) and
// version 1 (cpu.cfs_quota_us). 0: none.
double CpuQuota(const std::string& root);

}  // namespace interaction::app
