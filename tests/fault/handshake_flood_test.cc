// Handshakes that are slow, fail, or come in masses: they are ended and counted, and other callers hardly notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/fault/one_core.h"
#include "tests/fault/secure_server.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

// Clients that connect, shake hands in full, and go away, as fast as they can, in what CPU time others leave.
class Flood {
 public:
  explicit Flood(uint16_t port) : port_(port), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Flood() { Stop(); }
  int Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return handshakes_;
  }

 private:
  void Run() {
    const sched_param lowest{};
    sched_setscheduler(0, SCHED_IDLE, &lowest);
    while (!stop_) {
      const Fd socket = ConnectLoopback(port_);
      const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), &SSL_free);
      SSL_set_fd(ssl.get(), socket.get());
      if (SSL_connect(ssl.get()) == 1) ++handshakes_;
    }
  }

  const uint16_t port_;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::atomic<bool> stop_{false};
  std::atomic<int> handshakes_{0};
  std::vector<std::thread> threads_;
};

// How long the kernel may leave the core to a thread that has it, of whatever priority. Without the threads of lowest
// priority the p99 is at five times what it was, and beyond this.
constexpr absl::Duration kSlice = absl::Milliseconds(3);

absl::Duration P99Of(const GatewayClient& client) {
  return P99([&] { EXPECT_THAT(client.CreateVsp(SecureServer::Vsp(), WithApiKey(kApiKey)), Succeeds()); },
             absl::Seconds(2));
}

TEST(HandshakeFloodTest, LeavesTheCallsOfOthersAlone) {
  if (TransportUnderTest() == config::Transport::kGrpc) {
    GTEST_SKIP() << "gRPC's server has no such limit: docs/transports.md";
  }
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  SecureServer server(upstream.url(), {"server.lanes=1"});
  Pin(server.process().pid(), 0);
  Pin(getpid(), 1);
  const auto client = server.Client();
  // The machine may be busy with something else, so the best of three counts.
  bool is_left_alone = false;
  for (int i = 0; i < 3 && !is_left_alone; ++i) {
    const absl::Duration before = P99Of(*client);
    Flood flood(PortOf(server.address()));
    const absl::Duration during = P99Of(*client);
    const int handshakes = flood.Stop();
    std::printf("p99 %s before, %s during %d handshakes\n", absl::FormatDuration(before).c_str(),
                absl::FormatDuration(during).c_str(), handshakes);
    EXPECT_GT(handshakes, 50) << "that was no flood";
    is_left_alone = during < std::max(2 * before, kSlice);
  }
  EXPECT_TRUE(is_left_alone);
}

// Who shakes hands too slowly is cut off; the log says so, once a second.
TEST(HandshakeFloodTest, OnesThatNeverEndAreEndedAndToldOf) {
  if (TransportUnderTest() == config::Transport::kGrpc) GTEST_SKIP() << "gRPC's server ends them by itself, in silence";
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  SecureServer server(upstream.url());
  std::vector<Fd> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(ConnectLoopback(PortOf(server.address())));
  EXPECT_THAT(server.Client()->CreateVsp(SecureServer::Vsp(), WithApiKey(kApiKey)), Succeeds());
  const auto line = server.process().WaitForLine("it took too long", absl::Seconds(20));
  EXPECT_THAT(line.value_or(""), ::testing::HasSubstr("TLS handshake failed"));
  for (const Fd& fd : silent) {
    char byte;
    pollfd ready = {.fd = fd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&ready, 1, 5000), 1);
    EXPECT_LE(recv(fd.get(), &byte, 1, 0), 0);
  }
}

}  // namespace
}  // namespace interaction::testing
