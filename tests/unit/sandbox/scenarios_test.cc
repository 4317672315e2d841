#include "sandbox/scenarios.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/seethepro.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::sandbox {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const wolkvox::Options kOptions;

const Request& AnyRequest() {
  static const auto* const request =
      new Request{.method = "POST", .target = "/", .headers = {{"Content-Type", "application/json"}}};
  return *request;
}

Stage StageOf(Vendor vendor) {
  return {.vendor = vendor,
          .request = AnyRequest(),
          .usual = vendor == Vendor::kWolkvox ? wolkvox::Say(kOptions, 201, std::nullopt, "m")
                                              : seethepro::Success({}, seethepro::MakeInteraction(1)),
          .serial = 1,
          .number = 0,
          .options = kOptions};
}

std::vector<Vendor> VendorsOf(const Scenario& scenario) {
  if (scenario.cast == Cast::kSeeThePro) return {Vendor::kSeeThePro};
  if (scenario.cast == Cast::kWolkvox) return {Vendor::kWolkvox};
  return {Vendor::kSeeThePro, Vendor::kWolkvox};
}

// --- claims about every row ---

class EveryScenarioTest : public ::testing::TestWithParam<Scenario> {};

TEST_P(EveryScenarioTest, PlaysForItsVendors) {
  const std::string name = absl::StrReplaceAll(GetParam().name, {{"<n>", "404"}, {"<ms>", "5"}});
  for (const Vendor vendor : VendorsOf(GetParam())) EXPECT_THAT(Play(name, StageOf(vendor)), IsOk());
}

// The codes that the catalogue has for a reason; those of OK, and of a row whose number decides, for what is no reason.
std::vector<std::string> CodesOf(absl::string_view reason) {
  if (reason.empty()) return {"OK"};
  std::vector<std::string> codes;
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    if (entry.name != reason) continue;
    codes.push_back(absl::StatusCodeToString(entry.code));
    for (const absl::StatusCode code : entry.other_codes) codes.push_back(absl::StatusCodeToString(code));
  }
  return codes.empty() ? std::vector<std::string>{"by status", "by code"} : codes;
}

TEST_P(EveryScenarioTest, NamesAReasonOfTheCatalogueWithOneOfItsCodes) {
  EXPECT_THAT(CodesOf(GetParam().reason), Contains(std::string(GetParam().code)));
}

TEST_P(EveryScenarioTest, IsUnavailableOnlyIfNothingWasApplied) {
  EXPECT_TRUE(GetParam().code != "UNAVAILABLE" || GetParam().outcome == "not_applied");
}

TEST_P(EveryScenarioTest, IsOkExactlyIfApplied) {
  EXPECT_EQ(GetParam().code == "OK", GetParam().outcome == "applied");
  EXPECT_EQ(GetParam().code == "OK", GetParam().reason.empty());
}

INSTANTIATE_TEST_SUITE_P(Table, EveryScenarioTest, ::testing::ValuesIn(Scenarios().begin(), Scenarios().end()),
                         [](const auto& row) {
                           return absl::StrReplaceAll(row.param.name, {{"-", "_"}, {"<", ""}, {">", ""}});
                         });

TEST(ScenarioTableTest, HasNoNameTwice) {
  std::set<std::string> names;
  for (const Scenario& scenario : Scenarios()) names.emplace(scenario.name);
  EXPECT_EQ(names.size(), Scenarios().size());
}

TEST(ScenarioTableTest, IsInTheReadme) {
  std::ifstream file("sandbox/README.md");
  std::stringstream readme;
  readme << file.rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(ScenarioTableMarkdown()));
}

TEST(ScenarioTableTest, HasALineForEachScenario) {
  const std::string table = ScenarioTable();
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), static_cast<long>(Scenarios().size()) + 1);
}

// --- names ---

struct NameCase {
  const char* name;
  const char* scenario;
  Vendor vendor;
};

class UnknownNameTest : public ::testing::TestWithParam<NameCase> {};

TEST_P(UnknownNameTest, IsRefused) {
  EXPECT_THAT(CheckScenario(GetParam().scenario, GetParam().vendor),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--list-scenarios")));
}

INSTANTIATE_TEST_SUITE_P(Names, UnknownNameTest,
                         ::testing::Values(NameCase{"Nothing", "", Vendor::kSeeThePro},
                                           NameCase{"Misspelled", "resett", Vendor::kSeeThePro},
                                           NameCase{"OfTheOtherVendor", "token-limit", Vendor::kSeeThePro},
                                           NameCase{"OfTheOtherVendorAgain", "model-state", Vendor::kWolkvox},
                                           NameCase{"NoNumber", "status-", Vendor::kSeeThePro},
                                           NameCase{"Placeholder", "status-<n>", Vendor::kSeeThePro},
                                           NameCase{"StatusTooSmall", "status-99", Vendor::kSeeThePro},
                                           NameCase{"StatusTooLarge", "status-1000", Vendor::kSeeThePro},
                                           NameCase{"TimeTooLong", "slow-600001", Vendor::kWolkvox}),
                         [](const auto& row) { return row.param.name; });

// --- what is played ---

auto Answers(int status, const std::string& part_of_body) {
  return IsOkAndHolds(
      AllOf(Field("status", &Reply::status, status), Field("body", &Reply::body, HasSubstr(part_of_body))));
}

struct AnswerCase {
  const char* name;
  const char* scenario;
  Vendor vendor;
  int status;
  const char* part_of_body;
};

class AnswerTest : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(AnswerTest, IsTheOneThatTheTableSays) {
  EXPECT_THAT(Play(GetParam().scenario, StageOf(GetParam().vendor)),
              Answers(GetParam().status, GetParam().part_of_body));
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, AnswerTest,
    ::testing::Values(
        AnswerCase{"AnyStatusOfSeeThePro", "status-418", Vendor::kSeeThePro, 418, R"({"Message":)"},
        AnswerCase{"AnyStatusOfWolkvox", "status-418", Vendor::kWolkvox, 418, R"("code":"418")"},
        AnswerCase{"AnySuccess", "status-202", Vendor::kSeeThePro, 202, "InteractionId"},
        AnswerCase{"InBandFailure", "in-band-403", Vendor::kWolkvox, 200, R"("code":"403")"},
        AnswerCase{"InBandSuccess", "in-band-202", Vendor::kWolkvox, 200, R"("code":"202","error":null)"},
        AnswerCase{"CodeIsNumber", "code-number", Vendor::kWolkvox, 201, R"({"code":201,"error":null)"},
        AnswerCase{"CodeIsMissing", "code-missing", Vendor::kWolkvox, 201, R"({"error":null)"},
        AnswerCase{"Contradiction", "contradictory", Vendor::kWolkvox, 500, R"("code":"201")"},
        AnswerCase{"SuccessWithError", "success-with-error", Vendor::kWolkvox, 201, R"("error":"AGENT NOT FOUND")"},
        AnswerCase{"PhpWarning", "php-warning", Vendor::kWolkvox, 201, "<b>Warning</b>"},
        AnswerCase{"Maintenance", "maintenance", Vendor::kWolkvox, 403, "MAINTENANCE"},
        AnswerCase{"NullOfSeeThePro", "null", Vendor::kSeeThePro, 200, "null"},
        AnswerCase{"NullCampaign", "null-campaign", Vendor::kSeeThePro, 200, R"("CampaignKey":null)"},
        AnswerCase{"NullId", "null-id", Vendor::kSeeThePro, 200, R"({"InteractionId":null)"},
        AnswerCase{"Xml", "xml", Vendor::kSeeThePro, 200, "<VspInteraction xmlns:i="},
        AnswerCase{"ModelState", "model-state", Vendor::kSeeThePro, 400, R"("model.AccountId":[)"},
        AnswerCase{"ValidationProblem", "validation-problem", Vendor::kSeeThePro, 400, R"("errors":{"AccountId":[)"},
        AnswerCase{"ModelStateInXml", "model-state-xml", Vendor::kSeeThePro, 400, "<ModelState><model.AccountId>"},
        AnswerCase{"StackTrace", "error-detail", Vendor::kSeeThePro, 500, "StackTrace"},
        AnswerCase{"Page", "html", Vendor::kWolkvox, 200, "<html>"}),
    [](const auto& row) { return row.param.name; });

TEST(ScenariosTest, RedirectNamesAnotherHost) {
  EXPECT_THAT(Play("redirect", StageOf(Vendor::kWolkvox)),
              IsOkAndHolds(Field(&Reply::headers, Contains(Field(&Header::name, "Location")))));
}

TEST(ScenariosTest, RateLimitedSaysWhenToComeBack) {
  EXPECT_THAT(Play("rate-limited", StageOf(Vendor::kSeeThePro)),
              IsOkAndHolds(Field(&Reply::headers, Contains(Header{"Retry-After", "7"}))));
}

TEST(ScenariosTest, OversizedIsStillWellFormed) {
  const absl::StatusOr<Reply> reply = Play("oversized", StageOf(Vendor::kWolkvox));
  ASSERT_THAT(reply, IsOk());
  EXPECT_GT(reply->body.size(), 2u << 20);
  EXPECT_EQ(reply->body.back(), '}');
}

TEST(ScenariosTest, ByteOrderMarkComesFirst) {
  EXPECT_THAT(Play("bom", StageOf(Vendor::kSeeThePro)), IsOkAndHolds(Field(&Reply::body, StartsWith("\xEF\xBB\xBF{"))));
}

TEST(ScenariosTest, SlowWaitsThatManyMilliseconds) {
  EXPECT_THAT(Play("slow-250", StageOf(Vendor::kSeeThePro)),
              IsOkAndHolds(Field(&Reply::delay, absl::Milliseconds(250))));
}

TEST(ScenariosTest, TimeoutWaitsForAMinute) {
  EXPECT_THAT(Play("timeout", StageOf(Vendor::kWolkvox)), IsOkAndHolds(Field(&Reply::delay, absl::Seconds(60))));
}

}  // namespace
}  // namespace interaction::sandbox
