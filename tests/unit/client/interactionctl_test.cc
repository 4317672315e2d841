// interactionctl as a process: what only shows with real standard streams and signals.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/require.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/details.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction {
namespace {

using ::interaction::testing::DyingGateway;
using ::interaction::testing::ExitStatus;
using ::interaction::testing::FakeGateway;
using ::interaction::testing::Fd;
using ::interaction::testing::Require;
using ::interaction::testing::Subprocess;
using ::interaction::testing::TempDir;
using ::interaction::testing::ToGrpc;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kRequestId[] = "1f0e2d3c-4b5a-4978-8675-64534231200f";

struct Result {
  ExitStatus exit;
  std::string out;
  std::string err;
};

Result Finish(Subprocess& process) {
  const std::optional<ExitStatus> exit = process.Wait();
  EXPECT_TRUE(exit.has_value()) << "still runs: " << process.Stderr();
  return {exit.value_or(ExitStatus{.code = -1}), process.Stdout(), process.Stderr()};
}

// Runs interactionctl from a shell (one that takes descriptors above 9) with `redirection`, such as ">&-".
Result Invoke(const std::string& redirection, std::vector<std::string> args) {
  args.insert(args.begin(), {"-c", absl::StrCat("exec \"$0\" \"$@\" ", redirection), INTERACTIONCTL});
  Subprocess process("/bin/bash", args);
  return Finish(process);
}

// A pipe whose reader has gone. The number of its other end is for processes that are started.
class BrokenPipe {
 public:
  BrokenPipe() {
    int ends[2];
    Require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    const Fd reader(ends[0]);
    writer_ = Fd(ends[1]);
    Require(fcntl(writer_.get(), F_SETFD, 0) == 0, "F_SETFD");
  }
  int number() const { return writer_.get(); }

 private:
  Fd writer_;
};

class InteractionctlTest : public ::testing::Test {
 protected:
  InteractionctlTest() {
    gateway_.OnCreateVsp([](grpc::ServerContext&, const auto&, auto& reply) {
      reply.set_interaction_id("opened-42");
      return grpc::Status::OK;
    });
    gateway_.OnAddWolkvox([](grpc::ServerContext&, const auto&, auto& reply) {
      reply.set_code(201);
      reply.set_message("assigned to agent 7");
      return grpc::Status::OK;
    });
    gateway_.SetHealth("", grpc::health::v1::HealthCheckResponse::SERVING);
  }

  std::vector<std::string> There(std::vector<std::string> args) const {
    args.insert(args.end(), {"--address", gateway_.target()});
    return args;
  }

  absl::Notification arrived_;   // a call, at a gateway that tells of it
  absl::Notification released_;  // the gateway may answer
  FakeGateway gateway_;
};

// A reply that cannot be written. The interaction is open all the same, and only this output says which.

class LostReplyTest : public InteractionctlTest, public ::testing::WithParamInterface<const char*> {
 protected:
  const BrokenPipe broken_;
  // What stands for the parameter: "broken" is a pipe.
  const std::string redirection_ =
      GetParam() == std::string("broken") ? absl::StrCat(">&", broken_.number()) : GetParam();
};

TEST_P(LostReplyTest, IsToldOnStandardErrorWithTheInteraction) {
  const Result result = Invoke(redirection_, There({"create-vsp"}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 3});
  EXPECT_THAT(result.err, AllOf(StartsWith("interactionctl: cannot write to standard output: "),
                                HasSubstr("the interaction WAS opened"), HasSubstr("opened-42")));
}

TEST_P(LostReplyTest, OfWolkvoxIsToldWithCodeAndMessage) {
  const Result result = Invoke(redirection_, There({"add-wolkvox", "-o", "json"}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 3});
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("WAS opened"), HasSubstr("code     201"), HasSubstr("message  assigned to agent 7")));
}

TEST_P(LostReplyTest, OfOtherCommandsIsAnErrorToo) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"health"}, {"health", "-o", "json"}, {"--help"}, {"create-vsp", "--help"}, {"--version"}}) {
    const Result result = Invoke(redirection_, There(args));
    EXPECT_EQ(result.exit, ExitStatus{.code = 3}) << args[0];
    EXPECT_THAT(result.err, HasSubstr("cannot write to standard output")) << args[0];
  }
}

TEST_P(LostReplyTest, OfAFailedCallKeepsItsExitCodeAndIsToldInWords) {
  gateway_.OnCreateVsp([](auto&&...) {
    return ToGrpc(testing::RpcStatus(grpc::UNAVAILABLE, "busy", testing::Info("OVERLOADED", "not_applied")));
  });

  const Result result = Invoke(redirection_, There({"create-vsp", "-o", "json"}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 78});
  EXPECT_THAT(result.err, AllOf(HasSubstr("OVERLOADED"), HasSubstr("nothing was opened")));
}

INSTANTIATE_TEST_SUITE_P(FullClosedAndBroken, LostReplyTest, ::testing::Values(">/dev/full", ">&-", "broken"));

TEST_F(InteractionctlTest, AReplyIsWrittenWithEveryOtherStreamClosed) {
  const Result result = Invoke("<&- 2>&-", There({"create-vsp"}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 0});
  EXPECT_THAT(result.out, HasSubstr("opened-42"));
}

TEST_F(InteractionctlTest, AnErrorWithStandardErrorClosedHasItsExitCode) {
  gateway_.OnCreateVsp([](auto&&...) { return grpc::Status(grpc::StatusCode::ABORTED, "no"); });

  EXPECT_EQ(Invoke("2>&-", There({"create-vsp"})).exit, ExitStatus{.code = 74});
  EXPECT_EQ(Invoke("2>/dev/full", There({"create-vsp"})).exit, ExitStatus{.code = 74});
  EXPECT_EQ(Invoke("2>&-", {"no-such-command"}).exit, ExitStatus{.code = 2});
  EXPECT_EQ(Invoke(">&- 2>&-", There({"create-vsp", "-o", "json"})).exit, ExitStatus{.code = 74});
}

TEST_F(InteractionctlTest, StandardInputThatCannotBeReadIsAnErrorAndNothingIsSent) {
  for (const auto& [redirection, reason] :
       std::vector<std::pair<const char*, const char*>>{{"<&-", "Bad file descriptor"}, {"</", "Is a directory"}}) {
    const Result result = Invoke(redirection, There({"create-vsp", "--json", "-"}));
    EXPECT_EQ(result.exit, ExitStatus{.code = 2});
    EXPECT_EQ(result.err, absl::StrCat("interactionctl: cannot read standard input: ", reason, "\n"));
  }
  EXPECT_THAT(gateway_.calls(), IsEmpty());
}

TEST_F(InteractionctlTest, AJsonFileThatIsAFolderIsAnError) {
  const Result result = Invoke("", There({"create-vsp", "--json", "."}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 2});
  EXPECT_EQ(result.err, "interactionctl: cannot read .: Is a directory\n");
}

// The only line is ours: gRPC's log would add its own.
TEST_F(InteractionctlTest, AFileThatIsNoPemIsToldInOneLine) {
  TempDir dir;
  const std::string file = dir.Write("ca.pem", "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n");

  const Result result = Invoke("", There({"create-vsp", "--ca", file}));

  EXPECT_EQ(result.exit, ExitStatus{.code = 2});
  EXPECT_EQ(result.err, absl::StrCat("interactionctl: ", file, " does not contain PEM certificates\n"));
}

TEST_F(InteractionctlTest, AConnectionThatFailsLogsNothingBesidesTheError) {
  TempDir dir;
  testing::CertificateAuthority authority(&dir);

  const Result result = Invoke("", There({"create-vsp", "--ca", authority.ca_file()}));  // TLS to a plaintext port

  EXPECT_EQ(result.exit, ExitStatus{.code = 78});
  EXPECT_THAT(result.err, AllOf(StartsWith("error: UNAVAILABLE: "), HasSubstr("GATEWAY_UNREACHABLE"),
                                HasSubstr("  outcome   nothing was opened\n")));
}

TEST_F(InteractionctlTest, AProxyOfTheEnvironmentIsNotUsed) {
  testing::RefusingPort nobody;
  const std::string proxy = absl::StrCat("http://127.0.0.1:", nobody.port());
  Subprocess process(INTERACTIONCTL, There({"create-vsp"}),
                     {.env = {{"http_proxy", proxy}, {"https_proxy", proxy}, {"grpc_proxy", proxy}},
                      .unset_env = {"no_proxy", "no_grpc_proxy"}});

  EXPECT_EQ(Finish(process).exit, ExitStatus{.code = 0});
}

// A gateway that died.

TEST_F(InteractionctlTest, AGatewayThatDiesAtWorkLeavesTheOutcomeUnknown) {
  DyingGateway gateway;

  const Result result = Invoke("", {"create-vsp", "--address", gateway.target()});

  EXPECT_EQ(result.exit, ExitStatus{.code = 78});
  EXPECT_THAT(
      result.err,
      AllOf(HasSubstr("NO_ANSWER_FROM_GATEWAY"), HasSubstr("  outcome   may have been opened; it is not known\n"),
            HasSubstr("  next      check at the vendor whether it was opened before you call again\n")));
}

// Signals. The process dies of them, so that a shell ends its script.

class SignalTest : public InteractionctlTest, public ::testing::WithParamInterface<int> {
 protected:
  // interactionctl with these arguments, gets the signal while the gateway works, and then as often as it needs to end.
  Result InterruptAtWork(const std::vector<std::string>& args) {
    gateway_.OnCreateVsp([this](auto&&...) {
      arrived_.Notify();
      released_.WaitForNotification();
      return grpc::Status::OK;
    });
    Subprocess process(INTERACTIONCTL, There(args));
    EXPECT_TRUE(arrived_.WaitForNotificationWithTimeout(absl::Seconds(10))) << process.Stderr();
    process.Signal(GetParam());
    Result result = Finish(process);
    released_.Notify();
    return result;
  }
};

TEST_P(SignalTest, AfterSendingSaysThatTheOutcomeIsUnknown) {
  const Result result = InterruptAtWork({"create-vsp"});

  EXPECT_EQ(result.exit, ExitStatus{.signal = GetParam()});
  EXPECT_THAT(result.err, AllOf(StartsWith("error: CANCELLED: "), HasSubstr("may have been opened; it is not known"),
                                HasSubstr("check at the vendor whether it was opened before you call again\n")));
}

TEST_P(SignalTest, AfterSendingWithRequestIdSaysToRepeatIt) {
  const Result result = InterruptAtWork({"create-vsp", "--request-id", kRequestId});

  EXPECT_EQ(result.exit, ExitStatus{.signal = GetParam()});
  EXPECT_THAT(result.err, HasSubstr(absl::StrCat("call again with the same request_id, ", kRequestId)));
}

TEST_P(SignalTest, AfterSendingIsAnErrorForProgramsToo) {
  const Result result = InterruptAtWork({"create-vsp", "-o", "json"});

  EXPECT_EQ(result.exit, ExitStatus{.signal = GetParam()});
  EXPECT_THAT(result.out, AllOf(HasSubstr("NO_ANSWER_FROM_GATEWAY"), HasSubstr("\"outcome\": \"unknown\"")));
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalTest, ::testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST_F(InteractionctlTest, ASignalBeforeSendingSaysThatNothingWasOpened) {
  const Fd listener = testing::BindLoopback();
  Require(listen(listener.get(), 1) == 0, "listen");  // takes connections and says nothing
  Subprocess process(INTERACTIONCTL,
                     {"create-vsp", "--address", absl::StrCat("127.0.0.1:", testing::LocalPort(listener))});
  pollfd caller{.fd = listener.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&caller, 1, 10'000), 1);

  process.Signal(SIGINT);

  const Result result = Finish(process);
  EXPECT_EQ(result.exit, ExitStatus{.signal = SIGINT});
  EXPECT_THAT(result.err, AllOf(HasSubstr("CANCELLED_BEFORE_SEND"), HasSubstr("nothing was opened\n")));
}

TEST_F(InteractionctlTest, ASignalThatIsIgnoredStaysIgnored) {
  gateway_.OnCreateVsp([this](grpc::ServerContext&, const auto&, auto& reply) {
    arrived_.Notify();
    released_.WaitForNotification();
    reply.set_interaction_id("opened-42");
    return grpc::Status::OK;
  });
  std::vector<std::string> args = There({"create-vsp"});
  args.insert(args.begin(), {"-c", "trap '' HUP; exec \"$0\" \"$@\"", INTERACTIONCTL});
  Subprocess process("/bin/bash", args);  // as nohup does
  EXPECT_TRUE(arrived_.WaitForNotificationWithTimeout(absl::Seconds(10)));

  process.Signal(SIGHUP);
  released_.Notify();

  const Result result = Finish(process);
  EXPECT_EQ(result.exit, ExitStatus{.code = 0});
  EXPECT_THAT(result.out, HasSubstr("opened-42"));
}

}  // namespace
}  // namespace interaction
