// Where the server as a process listens: Unix sockets, and connections while there are no descriptors for them.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/require.h"
#include "tests/support/sockets.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// A client whose connection is a new one.
GatewayClient NewClient(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return GatewayClient(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

uint16_t PortOf(const std::string& address) {
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

class UnixSocketTest : public ::testing::Test {
 protected:
  std::vector<std::string> Settings() const {
    return With(SettingsFor(upstream_.url(), upstream_.url()), {"server.listen=" + address_, "admin.listen=off"});
  }

  // What a second server comes to that is to listen at the same path.
  Subprocess Second() const {
    return Subprocess(INTERACTION_SERVER, {"--set", "server.listen=" + address_, "--set", "admin.listen=off"});
  }

  TempDir dir_;
  const std::string path_ = dir_.File("gateway.sock");
  const std::string address_ = "unix:" + path_;
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
};

TEST_F(UnixSocketTest, ASecondServerIsRefusedAndTheFirstServesOn) {
  ServerProcess first(Settings());
  EXPECT_EQ(first.address(), address_);
  Subprocess second = Second();
  EXPECT_EQ(second.Wait(), ExitStatus{.code = 1});
  EXPECT_THAT(second.Stderr(), HasSubstr(absl::StrCat("cannot listen on ", address_, ": another process listens")));
  EXPECT_THAT(NewClient(address_).CreateVsp(TestGateway::ValidVsp()), Succeeds());
  first.process().Signal(SIGTERM);
  EXPECT_EQ(first.process().Wait(), ExitStatus{});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, TheFileOfAServerThatWasKilledIsReplaced) {
  ServerProcess first(Settings());
  first.process().Signal(SIGKILL);
  EXPECT_EQ(first.process().Wait(), ExitStatus{.signal = SIGKILL});
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  ServerProcess second(Settings());
  EXPECT_THAT(NewClient(address_).CreateVsp(TestGateway::ValidVsp()), Succeeds());
}

TEST_F(UnixSocketTest, TheEndOfAServerLeavesTheSocketOfItsSuccessor) {
  ServerProcess first(Settings());
  std::filesystem::remove(path_);
  ServerProcess second(Settings());
  first.process().Signal(SIGTERM);
  EXPECT_EQ(first.process().Wait(), ExitStatus{});
  EXPECT_THAT(NewClient(address_).CreateVsp(TestGateway::ValidVsp()), Succeeds());
}

TEST_F(UnixSocketTest, AFileOfAnotherKindIsRefusedByItsName) {
  dir_.Write("gateway.sock", "notes");
  Subprocess server = Second();
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 1});
  EXPECT_THAT(server.Stderr(), HasSubstr(absl::StrCat(address_, ": the path belongs to a regular file")));
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

// Calls go on over connections that are there; those that find no descriptor for their upstream are refused. Each POST
// belongs to a call that succeeded.
TEST(DescriptorShortageTest, ConnectionsWaitAndAreAcceptedOnceThereAreDescriptorsAgain) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan opens a pipe to look at an object's type, and takes a failure to do so for a wrong type";
#endif
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()), {.env = {{"GRPC_VERBOSITY", "NONE"}}});
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  const rlimit few{.rlim_cur = 64, .rlim_max = 64};
  Require(prlimit(server.process().pid(), RLIMIT_NOFILE, &few, nullptr) == 0, "prlimit");

  std::atomic<bool> over{false};
  std::atomic<size_t> succeeded{1};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!over) {
        const VspAnswer answer = server.CreateVsp(TestGateway::ValidVsp());
        succeeded += answer.status.ok();
        EXPECT_THAT(answer,
                    AnyOf(Succeeds(), IsError(StatusCode::RESOURCE_EXHAUSTED, "LOCAL_RESOURCE", "not_applied")));
      }
    });
  }
  std::vector<Fd> crowd;
  for (int i = 0; i < 100; ++i) crowd.push_back(ConnectLoopback(PortOf(server.address())));
  EXPECT_THAT(server.process().WaitForLine("connections cannot be accepted").value_or(""),
              HasSubstr("Too many open files"));
  crowd.clear();
  const VspAnswer after = NewClient(server.address()).CreateVsp(TestGateway::ValidVsp());
  EXPECT_THAT(after, Succeeds());
  over = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(upstream.counts().requests, succeeded + 1);
}

}  // namespace
}  // namespace interaction::testing
