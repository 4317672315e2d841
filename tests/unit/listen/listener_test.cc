#include "server/listen/listener.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/clock.h"
#include "tests/support/eventually.h"
#include "tests/support/matchers.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace interaction::listen {
namespace {

using ::interaction::testing::BindLoopback;
using ::interaction::testing::ConnectLoopback;
using ::interaction::testing::Eventually;
using ::interaction::testing::Fd;
using ::interaction::testing::IsOk;
using ::interaction::testing::LocalPort;
using ::interaction::testing::Loopback;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

const RealClock kClock;

absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address) {
  return Listener::Open(address, &kClock, /*log=*/nullptr);
}

uint16_t PortOf(const Listener& listener) {
  int port = 0;
  (void)absl::SimpleAtoi(listener.address().substr(listener.address().rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

// Not valid() if nobody listens there.
Fd ConnectUnix(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.Reset();
  return socket;
}

// Leaves a socket file that nobody listens on, as a server does that was killed.
void LeaveStale(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
}

TEST(ListenerTest, HandsOverEachConnection) {
  std::atomic<int> taken{0};
  const auto listener = Open("127.0.0.1:0");
  ASSERT_THAT(listener, IsOk());
  const Fd early = ConnectLoopback(PortOf(**listener));
  ASSERT_THAT((*listener)->Start([&](int, int fd) {
    ++taken;
    close(fd);
  }),
              IsOk());
  const Fd late = ConnectLoopback(PortOf(**listener));
  EXPECT_TRUE(Eventually([&] { return taken == 2; }));
}

TEST(ListenerTest, RefusesConnectionsOnceItIsClosed) {
  const auto listener = Open("127.0.0.1:0");
  ASSERT_THAT(listener, IsOk());
  const uint16_t port = PortOf(**listener);
  ASSERT_THAT((*listener)->Start([](int, int fd) { close(fd); }), IsOk());
  EXPECT_TRUE(ConnectLoopback(port).valid());
  (*listener)->Close();
  EXPECT_FALSE(ConnectLoopback(port).valid());
}

TEST(ListenerTest, AllAddressesAreThoseOfIpv4AndIpv6) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    const auto listener = Open(address);
    ASSERT_THAT(listener, IsOk());
    EXPECT_TRUE(ConnectLoopback(PortOf(**listener), Loopback::kV4).valid()) << address;
    EXPECT_TRUE(ConnectLoopback(PortOf(**listener), Loopback::kV6).valid()) << address;
  }
}

TEST(ListenerTest, OneAddressIsThatOneOnly) {
  const auto listener = Open("[::1]:0");
  ASSERT_THAT(listener, IsOk());
  EXPECT_THAT((*listener)->address(), ::testing::StartsWith("[::1]:"));
  EXPECT_TRUE(ConnectLoopback(PortOf(**listener), Loopback::kV6).valid());
  EXPECT_FALSE(ConnectLoopback(PortOf(**listener), Loopback::kV4).valid());
}

TEST(ListenerTest, RefusesAPortThatIsTakenAndSaysSo) {
  const Fd taken = BindLoopback();
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  const std::string address = absl::StrCat("127.0.0.1:", LocalPort(taken));
  EXPECT_THAT(Open(address), StatusIs(absl::StatusCode::kUnavailable,
                                      absl::StrCat("cannot listen on ", address, ": the port is taken")));
}

TEST(ListenerTest, RefusesAnAddressOfAnotherMachine) {
  EXPECT_THAT(Open("192.0.2.1:50051"),
              StatusIs(absl::StatusCode::kUnavailable,
                       "cannot listen on 192.0.2.1:50051: this machine does not have the address"));
}

TEST(ListenerTest, RefusesANameWithoutAnAddress) {
  EXPECT_THAT(Open("no.such.host.invalid:0"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the name does not resolve")));
}

class UnixListenerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Listener>> OpenPath() const { return Open("unix:" + path_); }

  TempDir dir_;
  const std::string path_ = dir_.File("gateway.sock");
};

TEST_F(UnixListenerTest, ListensAtThePathAndRemovesItAtTheEnd) {
  auto listener = OpenPath();
  ASSERT_THAT(listener, IsOk());
  EXPECT_EQ((*listener)->address(), "unix:" + path_);
  EXPECT_TRUE(ConnectUnix(path_).valid());
  listener->reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, RefusesThePathOfAnotherWhoListensAndLeavesItAlone) {
  auto first = OpenPath();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(OpenPath(), StatusIs(absl::StatusCode::kUnavailable,
                                   "cannot listen on unix:" + path_ + ": another process listens there"));
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, ReplacesAFileThatNobodyListensOn) {
  LeaveStale(path_);
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  ASSERT_FALSE(ConnectUnix(path_).valid());
  const auto listener = OpenPath();
  ASSERT_THAT(listener, IsOk());
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, DoesNotRemoveTheFileOfAnother) {
  auto first = OpenPath();
  ASSERT_THAT(first, IsOk());
  std::filesystem::remove(path_);
  const auto second = OpenPath();
  ASSERT_THAT(second, IsOk());
  first->reset();
  EXPECT_TRUE(ConnectUnix(path_).valid());
}

TEST_F(UnixListenerTest, RefusesAFileOfAnotherKindAndNamesIt) {
  dir_.Write("gateway.sock", "something of somebody's");
  EXPECT_THAT(OpenPath(), StatusIs(absl::StatusCode::kUnavailable,
                                   AllOf(HasSubstr(path_), HasSubstr("the path belongs to a regular file"))));
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));

  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_THAT(OpenPath(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a directory")));

  std::filesystem::remove(path_);
  std::filesystem::create_symlink("elsewhere", path_);
  EXPECT_THAT(OpenPath(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a symbolic link")));
}

TEST_F(UnixListenerTest, RefusesAFolderThatIsNotThere) {
  EXPECT_THAT(Open("unix:" + dir_.File("none/gateway.sock")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("No such file or directory")));
}

}  // namespace
}  // namespace interaction::listen
