// The server as a service of systemd: what it tells of its start, life, reload and end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "tests/integration/server_process.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;

// The socket that systemd listens on.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }

  // The next message that contains the text; "" if none comes in ten seconds.
  std::string WaitFor(const std::string& text) const {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    while (poll(&readable, 1, 10'000) == 1) {
      std::string message(4096, '\0');
      const ssize_t size = recv(socket_.get(), message.data(), message.size(), 0);
      message.resize(size < 0 ? 0 : static_cast<size_t>(size));
      if (message.find(text) != std::string::npos) return message;
    }
    return "";
  }

 private:
  const Fd socket_;
};

TEST(ServiceManagerTest, HearsOfStartLifeReloadAndEnd) {
  const TempDir dir;
  const NotifySocket manager(dir.File("notify"));
  ServerProcess server(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"),
                       {.env = {{"NOTIFY_SOCKET", dir.File("notify")}, {"WATCHDOG_USEC", "2000000"}}});
  EXPECT_THAT(manager.WaitFor("READY=1"), HasSubstr("STATUS=serving"));
  EXPECT_EQ(manager.WaitFor("WATCHDOG=1"), "WATCHDOG=1");
  server.process().Signal(SIGHUP);
  EXPECT_THAT(manager.WaitFor("RELOADING=1"), HasSubstr("MONOTONIC_USEC="));
  EXPECT_THAT(manager.WaitFor("READY=1"), HasSubstr("STATUS=serving"));
  server.process().Signal(SIGTERM);
  EXPECT_THAT(manager.WaitFor("STOPPING=1"), HasSubstr("STATUS=draining"));
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
}

}  // namespace
}  // namespace interaction::testing
