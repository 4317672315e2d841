// Clients that attack the transport: the server lives, its memory stays bounded, and the calls of others go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/fault/one_core.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

constexpr int64_t kMegabyte = 1 << 20;

// The p99 of others may double. A machine that is busy with something else, and checks that are compiled in, are no
// fault of the gateway's: a few milliseconds always count as too little to tell.
constexpr double kMostGrowth = 2;
constexpr absl::Duration kTooLittleToTell = absl::Milliseconds(5);

// What one client of the attack does until the end, again and again; what it holds, it holds until then.
struct Attack {
  const char* name;
  std::function<void(uint16_t port, std::vector<std::unique_ptr<RawH2Client>>& held, std::vector<Fd>& sockets)> once;
  size_t most = 1'000'000;  // times in all
};

RawCall OpenCall() { return {.path = kCreateVspPath, .body = "", .end_stream = false}; }

RawCall WholeCall() {
  return {.path = kCreateVspPath, .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString())};
}

const std::vector<Attack>& Attacks() {
  static const auto* const attacks = new std::vector<Attack>{
      {"Continuation",
       [](uint16_t port, auto&, auto&) {
         RawH2Client client(port);
         const std::string block(8 << 10, '\0');
         client.SendFrame(RawH2Client::kHeaders, RawH2Client::kNone, 1, block);
         for (int i = 0; i < 100; ++i) client.SendFrame(RawH2Client::kContinuation, RawH2Client::kNone, 1, block);
       }},
      {"RapidReset",
       [](uint16_t port, auto&, auto&) {
         RawH2Client client(port);
         for (int i = 0; i < 2000; ++i) client.Cancel(client.Start(OpenCall()));
       }},
      {"Pings",
       [](uint16_t port, auto&, auto&) {
         RawH2Client client(port);
         for (int i = 0; i < 5000; ++i) client.Ping();
       }},
      {"NeverAcknowledgesSettings",
       [](uint16_t port, auto& held, auto&) {
         held.push_back(std::make_unique<RawH2Client>(port, /*acknowledge_settings=*/false));
         for (int i = 0; i < 1000; ++i) held.back()->Start(OpenCall());
       },
       5},
      {"HalfOpenStreams",
       [](uint16_t port, auto& held, auto&) {
         held.push_back(std::make_unique<RawH2Client>(port));
         for (int i = 0; i < 1000; ++i) held.back()->Start(OpenCall());
       },
       5},
      {"NoWindow",
       [](uint16_t port, auto& held, auto&) {
         held.push_back(std::make_unique<RawH2Client>(port));
         held.back()->SetWindow(0);
         for (int i = 0; i < 200; ++i) held.back()->Start(WholeCall());
       },
       5},
      {"IdleConnections", [](uint16_t port, auto&, auto& sockets) { sockets.push_back(ConnectLoopback(port)); }, 5000},
      {"SlowSenders",
       [](uint16_t port, auto& held, auto&) {
         if (held.size() < 200) held.push_back(std::make_unique<RawH2Client>(port));
         for (const auto& client : held) client->SendFrame(RawH2Client::kPing, RawH2Client::kNone, 0, "12345678");
         absl::SleepFor(absl::Milliseconds(10));
       }},
  };
  return *attacks;
}

class Attacker {
 public:
  Attacker(const Attack& attack, uint16_t port) : attack_(attack), port_(port), thread_([this] { Run(); }) {}
  ~Attacker() {
    stop_ = true;
    thread_.join();
  }

 private:
  void Run() {
    const sched_param lowest{};
    sched_setscheduler(0, SCHED_IDLE, &lowest);
    for (size_t i = 0; !stop_; ++i) {
      if (i < attack_.most) {
        attack_.once(port_, held_, sockets_);
      } else {
        absl::SleepFor(absl::Milliseconds(10));
      }
    }
  }

  const Attack& attack_;
  const uint16_t port_;
  std::vector<std::unique_ptr<RawH2Client>> held_;
  std::vector<Fd> sockets_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

absl::Duration P99Of(const ServerProcess& server) {
  return P99([&] { EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds()); }, absl::Seconds(1));
}

class HostileClientTest : public ::testing::TestWithParam<Attack> {};

TEST_P(HostileClientTest, LeavesOthersTheirCallsAndBoundedMemory) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {"server.lanes=1"}));
  Pin(server.process().pid(), 0);
  Pin(getpid(), 1);
  // The machine may be busy with something else, so the best of three counts.
  absl::Duration during, most;
  for (int i = 0; i < 3; ++i) {
    const absl::Duration before = P99Of(server);
    const ProcessStats stats = ReadProcessStats(server.process().pid());
    const Attacker attacker(GetParam(), PortOf(server.address()));
    during = P99Of(server);
    const int64_t grown = ReadProcessStats(server.process().pid()).rss_bytes - stats.rss_bytes;
    std::printf("p99 %s before, %s during, memory %+lld KiB\n", absl::FormatDuration(before).c_str(),
                absl::FormatDuration(during).c_str(), static_cast<long long>(grown >> 10));
    EXPECT_LT(grown, 64 * kMegabyte);
    most = std::max(kMostGrowth * before, kTooLittleToTell);
    if (during < most) break;
  }
  EXPECT_LT(during, most);
}

INSTANTIATE_TEST_SUITE_P(Attacks, HostileClientTest, ::testing::ValuesIn(Attacks()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace interaction::testing
