#include "client/cli/cli.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/v1/interaction_service.pb.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/cli_invocation.h"
#include "tests/unit/client/details.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::FakeGateway;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::RpcStatus;
using ::interaction::testing::TempDir;
using ::interaction::testing::ToGrpc;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A gateway that remembers the last request of each kind, and answers as if it had opened something.
class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    gateway_.OnCreateVsp([this](grpc::ServerContext&, const auto& request, auto& reply) {
      create_vsp_ = request;
      reply.set_interaction_id("i");
      return grpc::Status::OK;
    });
    gateway_.OnAddWolkvox([this](grpc::ServerContext&, const auto& request, auto& reply) {
      add_wolkvox_ = request;
      reply.set_code(201);
      reply.set_message("ok");
      return grpc::Status::OK;
    });
  }

  // Invokes with the gateway as the address.
  Result InvokeThere(std::vector<std::string> args, const Surroundings& surroundings = {}) {
    args.insert(args.end(), {"--address", gateway_.target()});
    return Invoke(args, surroundings);
  }

  FakeGateway gateway_;
  v1::CreateVspInteractionRequest create_vsp_;
  v1::AddWolkvoxInteractionRequest add_wolkvox_;
};

TEST_F(CliTest, CreateVspSendsEveryFlagAndPrintsTheReply) {
  TempDir dir;
  const Result result =
      InvokeThere({"create-vsp", "--app-access-key-file", dir.Write("key", "k3y\n"), "--interaction-identity", "+57",
                   "--interaction-name", "Claim", "--account-id", "a", "--contact-id", "c", "--tenant-key", "t",
                   "--group-key", "g", "--request-id", "r"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "interaction_id   i\ncampaign_key     -\ninteraction_url  -\n");
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(create_vsp_, EqualsProto(R"pb(app_access_key: "k3y"
                                            interaction_identity: "+57"
                                            interaction_name: "Claim"
                                            account_id: "a"
                                            contact_id: "c"
                                            tenant_key: "t"
                                            group_key: "g"
                                            request_id: "r")pb"));
}

TEST_F(CliTest, AddWolkvoxSendsEveryFlagAndPrintsTheReply) {
  TempDir dir;
  const Result result = InvokeThere({"add-wolkvox",
                                     "--sender",
                                     "1",
                                     "--sender-name",
                                     "2",
                                     "--recipient",
                                     "3",
                                     "--recipient-name",
                                     "4",
                                     "--subject",
                                     "5",
                                     "--body",
                                     "6\n",
                                     "--routing-point-id",
                                     "7",
                                     "--wolkvox-server",
                                     "0042",
                                     "--wolkvox-token-file",
                                     dir.Write("token", "t0ken\r\n"),
                                     "--request-id",
                                     "r",
                                     "-o",
                                     "json"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "{\n  \"code\": 201,\n  \"message\": \"ok\"\n}\n");
  EXPECT_THAT(add_wolkvox_, EqualsProto(R"pb(sender: "1"
                                             sender_name: "2"
                                             recipient: "3"
                                             recipient_name: "4"
                                             subject: "5"
                                             body: "6\n"
                                             routing_point_id: "7"
                                             wolkvox_server: "0042"
                                             wolkvox_token: "t0ken"
                                             request_id: "r")pb"));
}

TEST_F(CliTest, JsonComesFromStandardInputAndFlagsOverrideIt) {
  const Result result = InvokeThere({"create-vsp", "--json", "-", "--account-id", "flag"},
                                    {.variables = {}, .input = R"({"accountId": "json", "contact_id": "json"})"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(create_vsp_, EqualsProto(R"pb(account_id: "flag" contact_id: "json")pb"));
}

TEST_F(CliTest, JsonComesFromAFile) {
  TempDir dir;
  const Result result = InvokeThere({"add-wolkvox", "--json", dir.Write("request.json", R"({"sender": "s"})")});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(add_wolkvox_, EqualsProto(R"pb(sender: "s")pb"));
}

TEST_F(CliTest, AFileOfALineEndAloneHoldsNoSecret) {
  TempDir dir;
  const std::string file = dir.Write("token", "\n");

  const Result result = InvokeThere({"add-wolkvox", "--wolkvox-token-file", file});

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, absl::StrCat("interactionctl: --wolkvox-token-file: ", file, " is empty\n"));
  EXPECT_THAT(gateway_.calls(), IsEmpty());
}

TEST_F(CliTest, AnExplicitlyEmptyFlagIsSent) {
  EXPECT_EQ(InvokeThere({"create-vsp", "--tenant-key", ""}).exit_code, 0);

  EXPECT_TRUE(create_vsp_.has_tenant_key());
  EXPECT_FALSE(create_vsp_.has_group_key());
}

TEST_F(CliTest, ASecretOfTheEnvironmentIsTheWeakestSource) {
  const std::map<std::string, std::string> variables = {{"INTERACTION_APP_ACCESS_KEY", "environment"}};
  TempDir dir;

  EXPECT_EQ(InvokeThere({"create-vsp"}, {variables, ""}).exit_code, 0);
  EXPECT_EQ(create_vsp_.app_access_key(), "environment");

  EXPECT_EQ(InvokeThere({"create-vsp", "--json", "-"}, {variables, R"({"app_access_key": "json"})"}).exit_code, 0);
  EXPECT_EQ(create_vsp_.app_access_key(), "json");

  EXPECT_EQ(InvokeThere({"create-vsp", "--app-access-key-file", dir.Write("key", "file")}, {variables, ""}).exit_code,
            0);
  EXPECT_EQ(create_vsp_.app_access_key(), "file");
}

TEST_F(CliTest, GlobalFlagsWorkBeforeAndAfterTheCommand) {
  EXPECT_EQ(Invoke({"--address", gateway_.target(), "create-vsp"}).exit_code, 0);
  EXPECT_EQ(Invoke({"create-vsp", "--address", gateway_.target()}).exit_code, 0);
  EXPECT_THAT(gateway_.calls(), SizeIs(2));
}

TEST_F(CliTest, MetadataIsSentAndTakesOneArgumentOnly) {
  const Result result = InvokeThere({"-H", "X-Request-ID=a=b", "-H", "traceparent=t", "create-vsp"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_THAT(gateway_.calls(), SizeIs(1));
  EXPECT_THAT(gateway_.calls()[0].metadata,
              AllOf(::testing::Contains(Pair("x-request-id", "a=b")), ::testing::Contains(Pair("traceparent", "t")),
                    ::testing::Contains(Pair("user-agent", StartsWith("interactionctl/")))));
}

TEST_F(CliTest, RequestIdAutoIsANewUuidThatIsTold) {
  const Result first = InvokeThere({"create-vsp", "--request-id", "auto"});
  const std::string first_id = create_vsp_.request_id();
  const Result second = InvokeThere({"create-vsp", "--request-id", "auto"});

  EXPECT_EQ(first.err, absl::StrCat("request id: ", first_id, "\n"));
  const std::string digits = "[0-9a-f][0-9a-f][0-9a-f]";
  EXPECT_THAT(first_id, AllOf(SizeIs(36), ContainsRegex(absl::StrCat("-4", digits, "-[89ab]", digits, "-"))));
  EXPECT_NE(create_vsp_.request_id(), first_id);
}

TEST_F(CliTest, AReplayedAnswerIsNoted) {
  gateway_.OnCreateVsp([](grpc::ServerContext& context, auto&&...) {
    context.AddTrailingMetadata("idempotent-replayed", "true");
    return grpc::Status::OK;
  });

  const Result result = InvokeThere({"create-vsp"});

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("nothing new was opened"));
}

TEST_F(CliTest, AnErrorIsTalkAndItsExitCodeIsThatOfTheRpc) {
  const google::rpc::ErrorInfo info = ::interaction::testing::Info("INVALID_REQUEST", "unknown");
  gateway_.OnCreateVsp([&info](auto&&...) { return ToGrpc(RpcStatus(grpc::INVALID_ARGUMENT, "No.", info)); });

  const Result result = InvokeThere({"create-vsp"});

  EXPECT_EQ(result.exit_code, 67);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: INVALID_ARGUMENT: No.\n"
            "  reason    INVALID_REQUEST (interaction.v1.InteractionService)\n"
            "  outcome   may have been opened; it is not known\n"
            "  metadata\n"
            "    outcome  unknown\n"
            "  next      check at the vendor whether it was opened before you call again\n"
            "  run       interactionctl explain INVALID_REQUEST\n");
}

TEST_F(CliTest, AnErrorIsDataWithJson) {
  gateway_.OnCreateVsp([](auto&&...) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy"); });

  const Result result = InvokeThere({"create-vsp", "-o", "json"});

  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.out, AllOf(StartsWith("{\n  \"code\": 14,\n  \"message\": \"busy\",\n"),
                                HasSubstr("NO_ANSWER_FROM_GATEWAY"), HasSubstr("\"outcome\": \"unknown\"")));
  EXPECT_EQ(result.err, "");
}

TEST(CliConnectionTest, AGatewayThatIsNotThereHasOpenedNothing) {
  RefusingPort port;

  const Result result = Invoke({"create-vsp", "--address", absl::StrCat("127.0.0.1:", port.port())});

  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.err, AllOf(HasSubstr("GATEWAY_UNREACHABLE"), HasSubstr("nothing was opened\n")));
}

TEST_F(CliTest, HealthIsZeroOnlyIfServing) {
  gateway_.SetHealth("", grpc::health::v1::HealthCheckResponse::SERVING);
  gateway_.SetHealth("upstream.wolkvox", grpc::health::v1::HealthCheckResponse::NOT_SERVING);

  const Result whole = InvokeThere({"health"});
  EXPECT_EQ(whole.exit_code, 0);
  EXPECT_EQ(whole.out,
            "gateway           SERVING\n"
            "upstream.wolkvox  NOT_SERVING\n");

  const Result upstream = InvokeThere({"health", "upstream.wolkvox"});
  EXPECT_EQ(upstream.exit_code, 1);
  EXPECT_EQ(upstream.out, "upstream.wolkvox  NOT_SERVING\n");

  const Result unknown = InvokeThere({"health", "nobody"});
  EXPECT_EQ(unknown.exit_code, 69);
  EXPECT_THAT(unknown.err, StartsWith("error: NOT_FOUND: unknown service\n"));
}

TEST(CliHelpTest, ExamplesComeBeforeTheReference) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"create-vsp", "--help"}, {"add-wolkvox", "--help"}, {"health", "--help"}}) {
    const Result result = Invoke(args);
    EXPECT_EQ(result.exit_code, 0);
    ASSERT_THAT(result.out, AllOf(HasSubstr("\nExamples:\n"), HasSubstr("\nUsage: ")));
    EXPECT_LT(result.out.find("Examples:"), result.out.find("Usage:"));
    EXPECT_EQ(result.err, "");
  }
}

TEST(CliHelpTest, TellsTheExitCodes) { EXPECT_THAT(Invoke({"--help"}).out, HasSubstr("64+ the call failed")); }

TEST(CliHelpTest, EveryFieldOfARequestHasAFlag) {
  const auto expect_flags = [](const std::string& command, const google::protobuf::Descriptor& type) {
    const std::string help = Invoke({command, "--help"}).out;
    for (int i = 0; i < type.field_count(); ++i) {
      std::string flag = absl::StrCat("--", type.field(i)->name());
      std::replace(flag.begin(), flag.end(), '_', '-');
      if (flag == "--request-id") continue;  // for every command
      EXPECT_THAT(help, HasSubstr(flag)) << command;
    }
  };
  expect_flags("create-vsp", *v1::CreateVspInteractionRequest::descriptor());
  expect_flags("add-wolkvox", *v1::AddWolkvoxInteractionRequest::descriptor());
}

TEST(CliHelpTest, VersionIsData) {
  const Result result = Invoke({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, StartsWith("interactionctl "));
}

TEST(CliHelpTest, NothingGetsExamplesAndCommandsAsAnError) {
  const Result result = Invoke({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(HasSubstr("  interactionctl health\n"), HasSubstr("  create-vsp    Open a video"),
                                EndsWith("interactionctl: no command; see interactionctl --help\n")));
}

TEST(CliHelpTest, ACommandThatNeedsInputAndHasNoneIsExplainedAndSendsNothing) {
  FakeGateway gateway;
  for (const std::string command : {"create-vsp", "add-wolkvox", "import", "completion"}) {
    const Result result = Invoke({command}, {{{"INTERACTION_ADDRESS", gateway.target()}}, ""});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("Examples:\n"), EndsWith(absl::StrCat("see interactionctl ", command, " --help\n"))));
  }
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

TEST(CliHelpTest, ACommandWhoseInputIsInTheEnvironmentRuns) {
  FakeGateway gateway;
  const Result result =
      Invoke({"create-vsp"}, {{{"INTERACTION_ADDRESS", gateway.target()}, {"INTERACTION_ACCOUNT_ID", "12"}}, ""});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(QuietTest, LeavesOutNotesAndKeepsDataAndErrors) {
  FakeGateway gateway;
  EXPECT_THAT(Invoke({"create-vsp", "--address", gateway.target(), "-q", "--request-id", "auto"}).err, IsEmpty());
  EXPECT_THAT(Invoke({"create-vsp", "-q", "--account-id", "12", "--dry-run"}).err, IsEmpty());
  EXPECT_THAT(Invoke({"create-vsp", "-q", "--account-id", "12", "--dry-run"}).out, HasSubstr("account_id  "));
  EXPECT_THAT(Invoke({"health", "-q", "--address", "localhost"}).err, HasSubstr("the port is missing"));
}

struct UsageCase {
  const char* name;
  std::vector<std::string> args;
  const char* err;
};

class UsageTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(UsageTest, IsExplainedInALineAndExitsWith2) {
  const Result result = Invoke(GetParam().args);

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, absl::StrCat("interactionctl: ", GetParam().err, "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    CommandLines, UsageTest,
    ::testing::Values(
        UsageCase{"MistypedCommand", {"create-vps"}, "unknown command 'create-vps'; did you mean 'create-vsp'?"},
        UsageCase{"MistypedCommandWithHelp",
                  {"creat-vsp", "--help"},
                  "unknown command 'creat-vsp'; did you mean 'create-vsp'?"},
        UsageCase{"MistypedCommandWithVersion",
                  {"creat-vsp", "--version"},
                  "unknown command 'creat-vsp'; did you mean 'create-vsp'?"},
        UsageCase{"FlagThatIsNotReadAsOne",
                  {"create-vsp", "--", "--json", "x"},
                  "'--json' is not read as a flag here; leave out the '--' before it"},
        UsageCase{"UnknownCommand", {"delete", "--now"}, "unknown command 'delete'; see interactionctl --help"},
        UsageCase{"MistypedGlobalFlag", {"--adress=x", "health"}, "unknown flag '--adress'; did you mean '--address'?"},
        UsageCase{"MistypedFlag",
                  {"create-vsp", "--acount-id", "x"},
                  "unknown flag '--acount-id'; did you mean '--account-id'?"},
        UsageCase{"SecretAsFlag",
                  {"add-wolkvox", "--wolkvox-token", "t"},
                  "unknown flag '--wolkvox-token'; did you mean '--wolkvox-token-file'?"},
        UsageCase{"TwoCommands", {"create-vsp", "health"}, "only one command can be given"},
        UsageCase{"ExtraArgument", {"health", "a", "b"}, "unexpected argument 'b'"},
        UsageCase{"MissingValue", {"health", "--timeout"}, "--timeout needs a value: --timeout=DURATION"},
        UsageCase{"MissingFile", {"create-vsp", "--json"}, "--json needs a value: --json=FILE"},
        UsageCase{"FlagTwice", {"create-vsp", "--json", "a", "--json", "b"}, "--json may be given once"},
        UsageCase{"ValueOfASwitch", {"health", "--tls=foo"}, "--tls takes no value"},
        UsageCase{"MissingMetadata", {"health", "-H"}, "--metadata needs a value: --metadata=NAME=VALUE"},
        UsageCase{"EmptyFileName", {"health", "--ca", ""}, "--ca: has an empty value"},
        UsageCase{"EmptySecretsFileName",
                  {"create-vsp", "--app-access-key-file", ""},
                  "--app-access-key-file: has an empty value"},
        UsageCase{"EmptyRequestId", {"create-vsp", "--request-id", ""}, "--request-id: has an empty value"},
        UsageCase{"FolderAsJson", {"create-vsp", "--json", "/"}, "cannot read /: Is a directory"},
        UsageCase{"FolderAsSecret", {"create-vsp", "--app-access-key-file", "/"}, "cannot read /: Is a directory"},
        UsageCase{"FolderAsAuthority", {"health", "--ca", "/"}, "cannot read /: Is a directory"},
        UsageCase{"FolderAsKeyPair", {"health", "--cert", "/", "--key", "/"}, "cannot read /: Is a directory"},
        UsageCase{"EndlessFile", {"create-vsp", "--json", "/dev/zero"}, "/dev/zero is larger than 4 MiB"},
        UsageCase{"EmptyJson", {"create-vsp", "--json", "/dev/null"}, "/dev/null: not valid JSON at line 1, column 1"},
        UsageCase{"EmptySecret",
                  {"create-vsp", "--app-access-key-file", "/dev/null"},
                  "--app-access-key-file: /dev/null is empty"},
        UsageCase{"StandardInputTwice",
                  {"create-vsp", "--json", "-", "--app-access-key-file", "-"},
                  "standard input cannot be both --json and --app-access-key-file"},
        UsageCase{"PortTooHigh",
                  {"health", "--address", "localhost:99999"},
                  "'localhost:99999' is not an address: the port must be a number from 1 to 65535; for example "
                  "localhost:50051"},
        UsageCase{"NoPort",
                  {"health", "--address", "localhost"},
                  "'localhost' is not an address: the port is missing; for example localhost:50051"},
        UsageCase{"ProxyWithoutPort",
                  {"health", "--proxy", "http://proxy"},
                  "'http://proxy' is not an address: a proxy needs a host and a port; for example http://proxy:3128"},
        UsageCase{"NoDuration",
                  {"health", "--timeout", "30"},
                  "--timeout: must be a duration above zero, such as 30s or 1m30s"},
        UsageCase{
            "NoTime", {"health", "--timeout", "0"}, "--timeout: must be a duration above zero, such as 30s or 1m30s"},
        UsageCase{"NoEquals", {"health", "-H", "name"}, "-H: must be name=value"},
        UsageCase{"ReservedMetadata", {"health", "-H", "grpc-x=y"}, "cannot be sent as metadata: grpc-x"},
        UsageCase{"UnknownFormat", {"health", "-o", "xml"}, "--output: must be table, json, yaml or ndjson"},
        UsageCase{"NoSuchFile",
                  {"create-vsp", "--json", "/nonexistent/x"},
                  "cannot read /nonexistent/x: No such file or directory"},
        UsageCase{"NoSuchAuthority",
                  {"health", "--ca", "/nonexistent/ca"},
                  "cannot read /nonexistent/ca: No such file or directory"},
        UsageCase{"CertificateAlone",
                  {"health", "--cert", "c.pem"},
                  "a client certificate and its key must be given together"},
        UsageCase{"NotUtf8", {"create-vsp", "--account-id", "\xff"}, "a value is not valid UTF-8"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace interaction::cli
