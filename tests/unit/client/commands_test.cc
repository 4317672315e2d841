// The commands of interactionctl besides those that open something: explain, help, version, completion, manual; and the
// flags --dry-run, --verbose and --output.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/cli/advice.h"
#include "client/cli/error_catalogue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/cli_invocation.h"
#include "tests/unit/client/details.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::FakeGateway;
using ::interaction::testing::Info;
using ::interaction::testing::RpcStatus;
using ::interaction::testing::TempDir;
using ::interaction::testing::ToGrpc;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(ExplainTest, TellsMeaningAndAdviceOfAReason) {
  const Result result = Invoke({"explain", "overloaded"});

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(StartsWith("reason   OVERLOADED\ncode     UNAVAILABLE\noutcome  not_applied\n"),
                                HasSubstr("retry after RetryInfo"), Not(HasSubstr("`"))));
}

TEST(ExplainTest, KnowsEveryReasonForWhichThereIsAdvice) {
  for (const ReasonEntry& entry : ErrorCatalogue()) {
    EXPECT_TRUE(IsKnownReason(entry.reason)) << entry.reason;
    EXPECT_FALSE(entry.meaning.empty()) << entry.reason;
    EXPECT_FALSE(entry.advice.empty()) << entry.reason;
  }
  EXPECT_GT(ErrorCatalogue().size(), 60u);
}

TEST(ExplainTest, ListsAllReasons) {
  const std::vector<std::string> lines =
      absl::StrSplit(Invoke({"explain", "-o", "ndjson"}).out, '\n', absl::SkipEmpty());

  ASSERT_THAT(lines, SizeIs(ErrorCatalogue().size()));
  EXPECT_EQ(nlohmann::json::parse(lines[0]).at("reason"), ErrorCatalogue()[0].reason);
}

TEST(ExplainTest, AReasonThatIsNotThereGetsTheOneThatWasMeant) {
  const Result result = Invoke({"explain", "UPSTREAM_TIMEOT"});

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "interactionctl: no reason 'UPSTREAM_TIMEOT'; did you mean 'UPSTREAM_TIMEOUT'?\n");
}

TEST(HelpTest, TheCommandIsTheSameAsTheFlag) {
  EXPECT_EQ(Invoke({"help"}).out, Invoke({"--help"}).out);
  EXPECT_EQ(Invoke({"help", "health"}).out, Invoke({"health", "--help"}).out);
  EXPECT_THAT(Invoke({"help", "heath"}).err, HasSubstr("did you mean 'health'?"));
}

TEST(VersionTest, NamesTheCommit) {
  EXPECT_EQ(Invoke({"version"}).out, Invoke({"--version"}).out);
  EXPECT_TRUE(nlohmann::json::parse(Invoke({"version", "-o", "json"}).out).contains("commit"));
}

TEST(ManualTest, HasEveryCommandAndFlag) {
  const std::string page = Invoke({"manual"}).out;

  EXPECT_THAT(page, StartsWith(".TH INTERACTIONCTL 1 "));
  for (const char* text :
       {".SS interactionctl create\\-vsp\n", ".SS interactionctl explain [REASON]\n",
        "\\fB\\-\\-account\\-id\\fR \\fITEXT\\fR\n", "\\fB\\-v\\fR, \\fB\\-\\-verbose\\fR\n", ".SH EXIT STATUS\n"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST(CompletionTest, AnotherShellIsRefused) {
  EXPECT_EQ(Invoke({"completion", "csh"}).err, "interactionctl: completion for bash, zsh or fish, not 'csh'\n");
}

TEST(DryRunTest, ShowsTheRequestWithoutItsSecretsAndSendsNothing) {
  TempDir dir;
  FakeGateway gateway;

  const Result result = Invoke({"create-vsp", "--address", gateway.target(), "--account-id", "12", "--dry-run", "-o",
                                "json", "--app-access-key-file", dir.Write("key", "s3cret")});

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(result.out).at("accountId"), "12");
  EXPECT_EQ(nlohmann::json::parse(result.out).at("appAccessKey"), "***");
  EXPECT_THAT(result.err, AllOf(HasSubstr("nothing is sent"), HasSubstr(gateway.target())));
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

TEST(VerboseTest, TellsTheTraceThatTheGatewayGetsAndWhoAnswered) {
  FakeGateway gateway;

  const Result result = Invoke({"create-vsp", "--address", gateway.target(), "-v"});

  ASSERT_THAT(gateway.calls(), SizeIs(1));
  const auto metadata = gateway.calls()[0].metadata;
  ASSERT_THAT(metadata, Contains(Pair("traceparent", ContainsRegex("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"))));
  const std::string trace_id = metadata.find("traceparent")->second.substr(3, 32);
  EXPECT_THAT(result.err, AllOf(HasSubstr("* trace id " + trace_id + "\n"),
                                HasSubstr("* ipv4:" + gateway.target() + " answered after ")));
}

TEST(OutputTest, AReplyInYamlQuotesTextSoThatItStaysText) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](auto&, const auto&, auto& reply) {
    reply.set_interaction_id("0042");
    reply.set_campaign_key("true");
    return grpc::Status::OK;
  });

  const Result result = Invoke({"create-vsp", "--address", gateway.target(), "-o", "yaml"});

  EXPECT_THAT(result.out, AllOf(HasSubstr("interactionId: \"0042\"\n"), HasSubstr("campaignKey: \"true\"\n")));
}

TEST(OutputTest, AReplyInNdjsonIsOneLine) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](auto&, const auto&, auto& reply) {
    reply.set_interaction_id("7");
    return grpc::Status::OK;
  });

  const Result result = Invoke({"create-vsp", "--address", gateway.target(), "-o", "ndjson"});

  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1);
  EXPECT_TRUE(nlohmann::json::parse(result.out).contains("interactionId"));
}

class NextCommandTest : public ::testing::Test {
 protected:
  // The last line of the error of a call that fails with this reason and outcome.
  std::string LastLine(const std::string& reason, const std::string& outcome, const std::vector<std::string>& args,
                       const Surroundings& surroundings = {}) {
    gateway_.OnCreateVsp([=](auto&&...) { return ToGrpc(RpcStatus(grpc::ABORTED, "no", Info(reason, outcome))); });
    std::vector<std::string> all = {"create-vsp", "--address", gateway_.target()};
    all.insert(all.end(), args.begin(), args.end());
    const std::vector<std::string> lines = absl::StrSplit(Invoke(all, surroundings).err, '\n', absl::SkipEmpty());
    return lines.back();
  }

  FakeGateway gateway_;
};

TEST_F(NextCommandTest, ACallThatMayBeRepeatedIsRepeatedWithTheIdThatWasMadeForIt) {
  EXPECT_THAT(LastLine("UPSTREAM_TIMEOUT", "unknown", {"--request-id", "auto", "--interaction-name", "it's 1"}),
              ContainsRegex("^  run       interactionctl create-vsp --address [0-9.:]+ --request-id [0-9a-f-]{36} "
                            "--interaction-name 'it'\\\\''s 1'$"));
}

TEST_F(NextCommandTest, AnIdThatWasMadeBecauseTheEnvironmentAskedForItIsNamedToo) {
  EXPECT_THAT(LastLine("UPSTREAM_TIMEOUT", "unknown", {}, {{{"INTERACTION_REQUEST_ID", "auto"}}, ""}),
              ContainsRegex("^  run       interactionctl create-vsp --address [0-9.:]+ --request-id [0-9a-f-]{36}$"));
}

TEST_F(NextCommandTest, WithoutAnIdOrWithInputThatIsUsedUpTheReasonIsExplained) {
  const std::string explain = "  run       interactionctl explain UPSTREAM_TIMEOUT";

  EXPECT_EQ(LastLine("UPSTREAM_TIMEOUT", "unknown", {}), explain);
  EXPECT_EQ(LastLine("UPSTREAM_TIMEOUT", "unknown", {"--request-id", "auto", "--json", "-"}, {{}, "{}"}), explain);
}

}  // namespace
}  // namespace interaction::cli
