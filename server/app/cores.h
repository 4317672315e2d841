#pragma once

#include <string>

namespace interaction::app {

// The cores that this process may use, at least 1: those of its affinity mask (taskset, a cpuset), or as many as the
// CPU quota of its cgroup gives it, rounded up, where that is less (`docker run --cpus`, a limit of Kubernetes). `root`
// is where the system's files are; another one is for tests.
int AvailableCores(const std::string& root = "");

// The CPU quota of this process in cores: the least that its cgroups and those above them give, in version 2 (cpu.max)
// and version 1 (cpu.cfs_quota_us). 0: none.
double CpuQuota(const std::string& root);

}  // namespace interaction::app
