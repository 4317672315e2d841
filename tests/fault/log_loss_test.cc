// A log that nobody reads, or that cannot be written: calls go on, and what is lost is counted.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/http_get.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

struct Log {
  const char* name;
  const char* redirection;  // for a shell; $FIFO is a pipe that is open and that nobody reads
  bool loses_lines;
};

class LogLossTest : public ::testing::TestWithParam<Log> {
 protected:
  // The log does not tell where the server listens, so it listens where the test says.
  std::vector<std::string> Arguments() const {
    std::vector<std::string> arguments = {
        "-c", absl::StrCat("exec 9<>\"$FIFO\"; exec \"$0\" \"$@\" ", GetParam().redirection), INTERACTION_SERVER};
    for (const std::string& setting :
         With(SettingsFor(upstream_.url(), upstream_.url()),
              {"server.listen=unix:" + dir_.File("grpc"), "admin.listen=unix:" + dir_.File("admin")})) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    return arguments;
  }
  int64_t LinesLost() const {
    const std::string metrics = Fetch("http://localhost/metrics", {.unix_socket = dir_.File("admin")}).body;
    constexpr absl::string_view kName = "\ninteraction_log_lines_lost_total ";
    const size_t at = metrics.find(std::string(kName));
    double lost = -1;
    if (at != std::string::npos) {
      const size_t from = at + kName.size();
      EXPECT_TRUE(absl::SimpleAtod(metrics.substr(from, metrics.find('\n', from) - from), &lost));
    }
    return static_cast<int64_t>(lost);
  }

  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  const TempDir dir_;
};

TEST_P(LogLossTest, StopsNoCallAndIsCounted) {
  ASSERT_EQ(mkfifo(dir_.File("fifo").c_str(), 0600), 0);
  Subprocess server("/bin/sh", Arguments(), {.env = {{"FIFO", dir_.File("fifo")}}});
  ASSERT_TRUE(Eventually([&] { return LinesLost() >= 0; }));
  const GatewayClient client(grpc::CreateChannel("unix:" + dir_.File("grpc"), grpc::InsecureChannelCredentials()));
  // More than the pipe and the buffer in front of it hold.
  int calls = 0;
  do {
    for (int i = 0; i < 500; ++i, ++calls) ASSERT_THAT(client.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  } while (GetParam().loses_lines && LinesLost() == 0 && calls < 20'000);
  EXPECT_EQ(LinesLost() > 0, GetParam().loses_lines);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), ExitStatus{});
}

INSTANTIATE_TEST_SUITE_P(Logs, LogLossTest,
                         ::testing::Values(Log{"ReaderThatDoesNotRead", "2>&9", true},
                                           Log{"FullDisk", "2>/dev/full", true}, Log{"Closed", "2>&-", true},
                                           Log{"File", "2>/dev/null", false}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace interaction::testing
