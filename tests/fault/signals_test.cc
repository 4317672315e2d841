// Signals to the server as a process: those that ask for the end drain it, and none of the others does it any harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/subprocess.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Ne;

struct Signal {
  std::string name;
  int number;
};

class EndSignalTest : public ::testing::TestWithParam<Signal> {};

TEST_P(EndSignalTest, LetsCallsInFlightFinishAndIsNamedInTheLog) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  VspAnswer in_flight;
  std::thread caller([&] { in_flight = server.CreateVsp(TestGateway::ValidVsp()); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  server.process().Signal(GetParam().number);
  EXPECT_THAT(server.process().WaitForLine("draining: waiting").value_or(""), HasSubstr("seconds"));
  answer.Notify();
  caller.join();
  EXPECT_THAT(in_flight, Succeeds());
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(server.process().Stderr(), HasSubstr("\"signal\":\"" + GetParam().name + "\""));
}

INSTANTIATE_TEST_SUITE_P(All, EndSignalTest,
                         ::testing::Values(Signal{"SIGTERM", SIGTERM}, Signal{"SIGINT", SIGINT},
                                           Signal{"SIGQUIT", SIGQUIT}, Signal{"SIGPWR", SIGPWR},
                                           Signal{"SIGXCPU", SIGXCPU}),
                         [](const auto& row) { return row.param.name; });

TEST(IgnoredSignalTest, EachIsToldOfInTheLogAndTheServerServesOn) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  for (const auto& [name, number] :
       {Signal{"SIGUSR1", SIGUSR1}, Signal{"SIGUSR2", SIGUSR2}, Signal{"SIGALRM", SIGALRM},
        Signal{"SIGVTALRM", SIGVTALRM}, Signal{"SIGPROF", SIGPROF}, Signal{"SIGPOLL", SIGIO},
        Signal{"SIGSTKFLT", SIGSTKFLT}, Signal{"SIGRTMIN+3", SIGRTMIN + 3}}) {
    server.process().Signal(number);
    EXPECT_THAT(server.process().WaitForLine("\"signal\":\"" + name + "\"").value_or(""), HasSubstr("signal ignored"));
  }
  server.process().Signal(SIGPIPE);
  server.process().Signal(SIGXFSZ);
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
}

TEST(IgnoredSignalTest, NoneCutsTheDrainShort) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  VspAnswer in_flight;
  std::thread caller([&] { in_flight = server.CreateVsp(TestGateway::ValidVsp()); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  server.process().Signal(SIGTERM);
  EXPECT_TRUE(server.process().WaitForLine("draining: waiting").has_value());
  server.process().Signal(SIGHUP);
  server.process().Signal(SIGUSR1);
  answer.Notify();
  caller.join();
  EXPECT_THAT(in_flight, Succeeds());
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
}

TEST(HungUpstreamTest, DoesNotHoldUpTheEndAndItsCallLearnsThatItMayHaveBeenApplied) {
  RawUpstream upstream(Always({Hang()}));
  ServerProcess server(
      With(SettingsFor(upstream.url(), upstream.url()), {"calls.default_deadline=1s", "calls.drain_timeout=1s"}));
  std::thread caller([&] {
    EXPECT_EQ(server.CreateVsp(TestGateway::ValidVsp(), WithDeadline(absl::Seconds(50))).outcome, "unknown");
  });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  server.process().Signal(SIGTERM);
  EXPECT_EQ(server.process().Wait(absl::Seconds(6)), ExitStatus{});
  caller.join();
}

TEST(RepeatedSignalTest, TheSecondSkipsTheDelayAndTheThirdEndsTheProcess) {
  RawUpstream upstream(Always({Hang()}));
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {"calls.drain_delay=10m"}));
  std::thread caller([&] { EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()).status.ok(), false); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  server.process().Signal(SIGTERM);
  EXPECT_TRUE(server.process().WaitForLine("calls are still accepted").has_value());
  server.process().Signal(SIGTERM);
  EXPECT_TRUE(server.process().WaitForLine("draining: waiting").has_value());
  server.process().Signal(SIGTERM);
  EXPECT_EQ(server.process().Wait(), ExitStatus{.signal = SIGTERM});
  caller.join();
}

}  // namespace
}  // namespace interaction::testing
