// The primary of Redis dies under load, and a Sentinel makes its replica the primary: TLS all the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

constexpr int kCallers = 8;

class SentinelTest : public ::testing::Test {
 protected:
  RedisServerOptions With(const std::vector<std::string>& settings) const {
    return {.tls = RedisTls{.certificate = identity_.certificate, .key = identity_.key, .ca = authority_.ca_file()},
            .settings = settings};
  }
  std::vector<std::string> Settings() const {
    return testing::With(
        SettingsFor(upstream_.url(), upstream_.url()),
        {"idempotency.store=redis", "redis.tls=true", "redis.tls_ca_file=" + authority_.ca_file(),
         absl::StrCat("redis.sentinels=127.0.0.1:", sentinel_.address().port), "redis.sentinel_primary=mymaster",
         "redis.timeout=2s", "redis.digest_key_file=" + dir_.Write("digest-key", std::string(32, 'k'))});
  }

  const TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("redis");
  RedisServer primary_{With({})};
  const RedisServer replica_{With({"--replicaof", absl::StrCat("127.0.0.1 ", primary_.port())})};
  const RedisSentinel sentinel_{
      primary_, "", RedisTls{.certificate = identity_.certificate, .key = identity_.key, .ca = authority_.ca_file()}};
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
};

// Calls with ids of their own, each repeated until it succeeds.
class Callers {
 public:
  explicit Callers(const ServerProcess& server) : server_(server) {
    for (int i = 0; i < kCallers; ++i) threads_.emplace_back([this] { Call(); });
  }
  int Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    return next_;
  }
  int succeeded() const { return succeeded_; }

 private:
  void Call() {
    while (!stop_) {
      v1::CreateVspInteractionRequest request = TestGateway::ValidVsp();
      request.set_request_id(absl::StrFormat("7b8c4d3e-91d2-4a0b-8c5e-%012d", next_++));
      request.set_interaction_name(request.request_id());  // by which the upstream tells them apart
      while (!server_.CreateVsp(request).status.ok()) absl::SleepFor(absl::Milliseconds(20));
      ++succeeded_;
    }
  }

  const ServerProcess& server_;
  std::atomic<bool> stop_{false};
  std::atomic<int> next_{0};
  std::atomic<int> succeeded_{0};
  std::vector<std::thread> threads_;
};

TEST_F(SentinelTest, AFailoverUnderLoadSendsNothingTwice) {
  ASSERT_TRUE(sentinel_.WaitUntilItKnowsAReplica());
  const ServerProcess server(Settings());
  Callers callers(server);
  ASSERT_TRUE(Eventually([&] { return callers.succeeded() > 200; }, absl::Seconds(20)));
  primary_.Kill();
  EXPECT_TRUE(sentinel_.WaitForFailover());
  const int before = callers.succeeded();
  EXPECT_TRUE(Eventually([&] { return callers.succeeded() > before + 200; }, absl::Seconds(20)));
  const int calls = callers.Stop();

  std::map<std::string, int> times;
  for (const RecordedRequest& request : upstream_.requests()) {
    const size_t at = request.body.find("7b8c4d3e-");
    ASSERT_NE(at, std::string::npos);
    ++times[request.body.substr(at, 36)];
  }
  EXPECT_EQ(times.size(), static_cast<size_t>(calls));
  for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
}

}  // namespace
}  // namespace interaction::testing
