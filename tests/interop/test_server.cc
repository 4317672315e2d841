// A server of grpc.testing.TestService on one of the gateway's transports.
//
// usage: interop-test-server h2|grpc [CERTIFICATE KEY]
//
// Prints the port that it listens on, of 127.0.0.1, and ends when its standard input does.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/front/front.h"
#include "server/grpc_transport/grpc_transport.h"
#include "server/http/client.h"
#include "server/http/resolver.h"
#include "server/lane/lane.h"
#include "server/listen/listener.h"
#include "server/rpc/methods.h"
#include "server/tls/server_context.h"
#include "tests/interop/test_service.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

constexpr size_t kLanes = 2;
constexpr int kMaxMessageBytes = 4 << 20;

// The lanes of the server, which call nobody.
class Lanes {
 public:
  explicit Lanes(const Clock* clock) : resolver_(http::MakeSystemResolver({}, clock)) {
    for (size_t i = 0; i < kLanes; ++i) {
      auto loop = *event::Loop::Create(clock);
      auto client = *http::Client::Create({}, resolver_.get(), loop.get());
      lanes_.push_back(std::make_unique<lane::Lane>(i, std::move(loop), std::move(client), absl::ZeroDuration()));
      calls_.push_back(std::make_unique<rpc::LaneCalls>());
    }
  }

  std::vector<lane::Lane*> lanes() const {
    std::vector<lane::Lane*> all;
    for (const auto& each : lanes_) all.push_back(each.get());
    return all;
  }
  std::vector<rpc::LaneCalls*> calls() const {
    std::vector<rpc::LaneCalls*> all;
    for (const auto& each : calls_) all.push_back(each.get());
    return all;
  }
  void Start() {
    for (const auto& lane : lanes_) lane->Start();
  }
  void Join() {
    for (const auto& lane : lanes_) lane->Join();
  }

 private:
  const std::unique_ptr<http::Resolver> resolver_;
  std::vector<std::unique_ptr<lane::Lane>> lanes_;
  std::vector<std::unique_ptr<rpc::LaneCalls>> calls_;
};

std::unique_ptr<rpc::Transport> MakeTransport(const std::vector<std::string>& arguments, const Clock* clock,
                                              const Lanes& lanes, const rpc::Methods* methods) {
  auto listener = *listen::Listener::Open("127.0.0.1:0", clock, nullptr);
  std::printf("%s\n", listener->address().substr(listener->address().rfind(':') + 1).c_str());
  std::fflush(stdout);
  const bool has_tls = arguments.size() == 3;
  if (arguments[0] == "grpc") {
    grpc_transport::Options options{.max_message_bytes = kMaxMessageBytes};
    if (has_tls) {
      options.tls_cert_file = arguments[1];
      options.tls_key_file = arguments[2];
    }
    return std::make_unique<grpc_transport::GrpcTransport>(options, std::move(listener), lanes.lanes(), lanes.calls(),
                                                           methods);
  }
  front::Options options;
  options.session.max_message_bytes = kMaxMessageBytes;
  if (has_tls)
    options.tls = *tls::ServerContext::Create({.certificate = arguments[1], .key = arguments[2]}, absl::Now());
  return std::make_unique<front::Front>(
      options, std::move(listener), lanes.lanes(), lanes.calls(), methods, [] { return 0.5; }, nullptr, nullptr);
}

int Run(const std::vector<std::string>& arguments) {
  const RealClock clock;
  Require(http::GlobalInit().ok(), "http::GlobalInit");
  rpc::Methods methods;
  TestService service;
  service.Register(&methods);
  Lanes lanes(&clock);
  const std::unique_ptr<rpc::Transport> transport = MakeTransport(arguments, &clock, lanes, &methods);
  lanes.Start();
  Require(transport->Start().ok(), "the transport starts");
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  transport->StopAccepting();
  transport->Close();
  lanes.Join();
  return 0;
}

}  // namespace
}  // namespace interaction::testing

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if ((arguments.size() != 1 && arguments.size() != 3) || (arguments[0] != "h2" && arguments[0] != "grpc")) {
    std::fprintf(stderr, "usage: interop-test-server h2|grpc [CERTIFICATE KEY]\n");
    return 2;
  }
  return interaction::testing::Run(arguments);
}
