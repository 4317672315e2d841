#include "server/app/cores.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace interaction::app {
namespace {

using ::interaction::testing::TempDir;

// The lines of /proc/self/mountinfo that matter. Those of version 1 name the cgroup that is mounted.
constexpr char kV2Mount[] = "31 23 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n";
constexpr char kV1Mount[] = "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw master:9 - cgroup cgroup rw,cpu,cpuacct\n";
constexpr char kDockerV1Mount[] = "33 32 0:29 /docker/0a /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
constexpr char kOtherMounts[] =
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "34 32 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "35 32 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

struct Case {
  const char* name;
  std::map<std::string, std::string> files;
  double quota;  // 0: none
};

// A file system of the case's files.
class CpuQuotaTest : public ::testing::TestWithParam<Case> {
 protected:
  CpuQuotaTest() {
    for (const auto& [path, content] : GetParam().files) {
      const std::filesystem::path file = dir_.path() + path;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file) << content;
    }
  }

  TempDir dir_;
};

TEST_P(CpuQuotaTest, IsTheLeastOfTheProcesssOwnCgroupAndThoseAboveIt) {
  EXPECT_DOUBLE_EQ(CpuQuota(dir_.path()), GetParam().quota);
}

INSTANTIATE_TEST_SUITE_P(
    Version2, CpuQuotaTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"OfAContainer",
         {{"/proc/self/cgroup", "0::/\n"},
          {"/proc/self/mountinfo", kV2Mount},
          {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}},
         1.5},
        {"None",
         {{"/proc/self/cgroup", "0::/\n"},
          {"/proc/self/mountinfo", kV2Mount},
          {"/sys/fs/cgroup/cpu.max", "max 100000\n"}},
         0},
        {"OfTheService",
         {{"/proc/self/cgroup", "0::/system.slice/gateway.service\n"},
          {"/proc/self/mountinfo", kV2Mount},
          {"/sys/fs/cgroup/system.slice/cpu.max", "max 100000\n"},
          {"/sys/fs/cgroup/system.slice/gateway.service/cpu.max", "50000 100000\n"}},
         0.5},
        {"OfAParentThatGivesLess",
         {{"/proc/self/cgroup", "0::/kubepods/pod1/2\n"},
          {"/proc/self/mountinfo", kV2Mount},
          {"/sys/fs/cgroup/kubepods/cpu.max", "800000 100000\n"},
          {"/sys/fs/cgroup/kubepods/pod1/cpu.max", "200000 100000\n"},
          {"/sys/fs/cgroup/kubepods/pod1/2/cpu.max", "400000 100000\n"}},
         2},
        {"OfWhatIsMountedForAProcessElsewhere",
         {{"/proc/self/cgroup", "0::/../other\n"},
          {"/proc/self/mountinfo", kV2Mount},
          {"/sys/fs/cgroup/cpu.max", "300000 100000\n"}},
         3},
        {"NotThatOfANeighbour",
         {{"/proc/self/cgroup", "0::/pod10\n"},
          {"/proc/self/mountinfo", "31 23 0:27 /pod1 /sys/fs/cgroup rw - cgroup2 cgroup rw\n"},
          {"/sys/fs/cgroup/cpu.max", "max 100000\n"},
          {"/sys/fs/cgroup/0/cpu.max", "100000 100000\n"}},
         0},
        {"Garbage",
         {{"/proc/self/cgroup", "0::/\n"}, {"/proc/self/mountinfo", kV2Mount}, {"/sys/fs/cgroup/cpu.max", "lots\n"}},
         0},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Version1, CpuQuotaTest,
                         ::testing::ValuesIn(std::vector<Case>{
                             {"OfAContainerWithoutANamespace",
                              {{"/proc/self/cgroup", "4:memory:/docker/0a\n3:cpu,cpuacct:/docker/0a\n0::/\n"},
                               {"/proc/self/mountinfo", kDockerV1Mount},
                               {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n"},
                               {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
                              1},
                             {"None",
                              {{"/proc/self/cgroup", "3:cpu,cpuacct:/docker/0a\n"},
                               {"/proc/self/mountinfo", kDockerV1Mount},
                               {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                               {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
                              0},
                             {"OfAParentThatGivesLess",
                              {{"/proc/self/cgroup", "7:cpuset:/\n3:cpu,cpuacct:/pod1/2\n"},
                               {"/proc/self/mountinfo", kV1Mount},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_quota_us", "250000\n"},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_period_us", "100000\n"},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/2/cpu.cfs_quota_us", "30000\n"},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/2/cpu.cfs_period_us", "10000\n"}},
                              2.5},
                             {"BesideVersion2WithoutCpu",
                              {{"/proc/self/cgroup", "3:cpu,cpuacct:/pod1\n0::/pod1\n"},
                               {"/proc/self/mountinfo", std::string(kOtherMounts) + kV1Mount},
                               {"/sys/fs/cgroup/unified/pod1/cgroup.procs", "1\n"},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_quota_us", "200000\n"},
                               {"/sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_period_us", "100000\n"}},
                              2},
                             {"NoCgroupsAtAll", {{"/proc/self/mountinfo", kOtherMounts}}, 0},
                             {"NoProc", {}, 0},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(AvailableCoresTest, AQuotaIsRoundedUpAndGivesOneAtLeast) {
  const TempDir dir;
  std::filesystem::create_directories(dir.path() + "/proc/self");
  std::filesystem::create_directories(dir.path() + "/sys/fs/cgroup");
  dir.Write("proc/self/cgroup", "0::/\n");
  dir.Write("proc/self/mountinfo", kV2Mount);
  dir.Write("sys/fs/cgroup/cpu.max", "10000 100000\n");
  EXPECT_EQ(AvailableCores(dir.path()), 1);
  dir.Write("sys/fs/cgroup/cpu.max", "99999 100000\n");
  EXPECT_EQ(AvailableCores(dir.path()), 1);
}

TEST(AvailableCoresTest, AQuotaOfMoreThanTheAffinityMaskChangesNothing) {
  const TempDir dir;
  const int cores = AvailableCores(dir.path());
  std::filesystem::create_directories(dir.path() + "/proc/self");
  std::filesystem::create_directories(dir.path() + "/sys/fs/cgroup");
  dir.Write("proc/self/cgroup", "0::/\n");
  dir.Write("proc/self/mountinfo", kV2Mount);
  dir.Write("sys/fs/cgroup/cpu.max", "9000000000000 1000\n");
  EXPECT_EQ(AvailableCores(dir.path()), cores);
}

}  // namespace
}  // namespace interaction::app
