#include "tests/support/subprocess.h"

#include <signal.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/clock.h"
#include "tests/support/eventually.h"
#include "tests/support/process_stats.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

constexpr char kShell[] = "/bin/sh";

TEST(SubprocessTest, CollectsBothStreamsAndTheExitCode) {
  Subprocess process(kShell, {"-c", "echo out; echo err >&2; exit 7"});
  EXPECT_THAT(process.Wait(), Optional(ExitStatus{.code = 7}));
  EXPECT_EQ(process.Stdout(), "out\n");
  EXPECT_EQ(process.Stderr(), "err\n");
}

TEST(SubprocessTest, GivesEnvironmentAndWorkingFolder) {
  const TempDir dir;
  Subprocess process(kShell, {"-c", "echo \"$GREETING,$HOME,\"; pwd"},
                     {.env = {{"GREETING", "hello"}}, .unset_env = {"HOME"}, .cwd = dir.path()});
  EXPECT_THAT(process.Wait(), Optional(ExitStatus{.code = 0}));
  EXPECT_EQ(process.Stdout(), "hello,,\n" + dir.path() + "\n");
}

TEST(SubprocessTest, FindsALineAsSoonAsItIsWritten) {
  Subprocess process(kShell, {"-c", "echo starting; echo 'listening on 127.0.0.1:4711' >&2; exec sleep 60"});
  EXPECT_THAT(process.WaitForLine("listening on"), Optional(std::string("listening on 127.0.0.1:4711")));
  EXPECT_EQ(process.WaitForLine("never said", absl::Milliseconds(10)), std::nullopt);
  EXPECT_EQ(process.Wait(absl::ZeroDuration()), std::nullopt);
}

TEST(SubprocessTest, StopsWaitingForALineWhenTheOutputEnds) {
  Subprocess process(kShell, {"-c", "echo something else"});
  EXPECT_EQ(process.WaitForLine("listening on", absl::Minutes(10)), std::nullopt);
}

TEST(SubprocessTest, SendsSignals) {
  Subprocess process(kShell, {"-c", "trap 'echo got it; exit 0' TERM; echo ready; while :; do sleep 0.01; done"});
  ASSERT_TRUE(process.WaitForLine("ready"));
  process.Signal(SIGTERM);
  EXPECT_THAT(process.Wait(), Optional(ExitStatus{.code = 0}));
  EXPECT_EQ(process.Stdout(), "ready\ngot it\n");
}

TEST(SubprocessTest, TellsADeathBySignal) {
  Subprocess process(kShell, {"-c", "kill -KILL $$"});
  EXPECT_THAT(process.Wait(), Optional(ExitStatus{.signal = SIGKILL}));
}

TEST(SubprocessTest, DiesWithTheObject) {
  pid_t pid;
  {
    Subprocess process("/bin/sleep", {"60"});
    pid = process.pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(SubprocessTest, AProgramThatIsNotThereExitsWith127) {
  EXPECT_THAT(Subprocess("/no/such/program", {}).Wait(), Optional(ExitStatus{.code = 127}));
}

TEST(ProcessStatsTest, CountsDescriptorsAndThreads) {
  const ProcessStats before = ReadProcessStats();
  absl::Notification done;
  std::thread thread([&] { done.WaitForNotification(); });
  const Fd one(dup(0)), another(dup(0));
  const ProcessStats after = ReadProcessStats();
  EXPECT_EQ(after.open_fds, before.open_fds + 2);
  EXPECT_EQ(after.threads, before.threads + 1);
  EXPECT_GT(after.rss_bytes, 1 << 20);
  EXPECT_GE(after.peak_rss_bytes, after.rss_bytes);
  done.Notify();
  thread.join();
}

TEST(ProcessStatsTest, ReadsAnotherProcess) {
  Subprocess process("/bin/sleep", {"60"});
  EXPECT_TRUE(Eventually([&] { return ReadProcessStats(process.pid()).threads == 1; }));
  process.Signal(SIGKILL);
  process.Wait();
  EXPECT_EQ(ReadProcessStats(process.pid()).threads, 0);
}

// What getaddrinfo says in another process.
class ScriptedDnsTest : public ::testing::Test {
 protected:
  static std::string Lookup(const std::string& script, const std::string& host) {
    Subprocess getent("/usr/bin/getent", {"ahosts", host},
                      {.env = {{"LD_PRELOAD", SCRIPTED_GETADDRINFO}, {"SCRIPTED_DNS", script}}});
    return getent.Wait(absl::Seconds(30))->code == 0 ? getent.Stdout() : "no such host";
  }
};

TEST_F(ScriptedDnsTest, AnswersInTheOrderOfTheScript) {
  const std::string answer = Lookup("one.test=192.0.2.7;two.test=10.0.0.1,::1", "two.test");
  EXPECT_THAT(answer, HasSubstr("10.0.0.1"));
  EXPECT_THAT(answer, HasSubstr("::1"));
  EXPECT_LT(answer.find("10.0.0.1"), answer.find("::1"));
  EXPECT_THAT(answer, Not(HasSubstr("192.0.2.7")));
}

TEST_F(ScriptedDnsTest, FailsAsTold) {
  EXPECT_EQ(Lookup("bad.test=fail;busy.test=again", "bad.test"), "no such host");
  EXPECT_EQ(Lookup("bad.test=fail;busy.test=again", "busy.test"), "no such host");
}

TEST_F(ScriptedDnsTest, TakesItsTime) {
  const SteadyTime start = RealClock().SteadyNow();
  EXPECT_THAT(Lookup("slow.test=delay:150,127.0.0.1", "slow.test"), HasSubstr("127.0.0.1"));
  EXPECT_GE(RealClock().SteadyNow() - start, 150'000'000);
}

TEST_F(ScriptedDnsTest, LeavesOtherNamesAlone) {
  EXPECT_THAT(Lookup("bad.test=fail", "127.0.0.9"), HasSubstr("127.0.0.9"));
}

TEST_F(ScriptedDnsTest, ReadsAFileAnewAtEachLookup) {
  const TempDir dir;
  dir.Write("hosts", "moving.test=192.0.2.1\n");
  EXPECT_THAT(Lookup("@" + dir.File("hosts"), "moving.test"), HasSubstr("192.0.2.1"));
  dir.Write("hosts", "moving.test=192.0.2.2\n");
  EXPECT_THAT(Lookup("@" + dir.File("hosts"), "moving.test"), HasSubstr("192.0.2.2"));
}

}  // namespace
}  // namespace interaction::testing
