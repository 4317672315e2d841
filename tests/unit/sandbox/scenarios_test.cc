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
#include "sandbox/all_vendors.h"
#include "sandbox/seethepro.h"
#include "sandbox/wolkvox.h"
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

const Vendors& BothVendors() {
  static const auto* const vendors = new Vendors(AllVendors());
  return *vendors;
}

const Request& AnyRequest() {
  static const auto* const request =
      new Request{.method = "POST", .target = "/", .headers = {{"Content-Type", "application/json"}}};
  return *request;
}

Stage StageOf(const Vendor& vendor) {
  Reply usual = vendor.Name() == "wolkvox" ? wolkvox::Say({}, 201, std::nullopt, "m")
                                           : seethepro::Success({}, seethepro::MakeInteraction(1));
  return {.vendor = vendor, .request = AnyRequest(), .usual = std::move(usual), .serial = 1, .number = 0};
}

Stage StageOf(absl::string_view vendor) { return StageOf(*BothVendors().Find(vendor)); }

constexpr char kSeeThePro[] = "seethepro";
constexpr char kWolkvox[] = "wolkvox";

// --- claims about every row ---

class EveryScenarioTest : public ::testing::TestWithParam<ListedScenario> {
 protected:
  const Scenario& scenario() const { return *GetParam().scenario; }
};

TEST_P(EveryScenarioTest, PlaysForItsVendors) {
  const std::string name = absl::StrReplaceAll(scenario().name, {{"<n>", "404"}, {"<ms>", "5"}});
  for (const Vendor* vendor : GetParam().players) EXPECT_THAT(Play(name, StageOf(*vendor)), IsOk());
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
  EXPECT_THAT(CodesOf(scenario().reason), Contains(std::string(scenario().code)));
}

TEST_P(EveryScenarioTest, IsUnavailableOnlyIfNothingWasApplied) {
  EXPECT_TRUE(scenario().code != "UNAVAILABLE" || scenario().outcome == "not_applied");
}

TEST_P(EveryScenarioTest, IsOkExactlyIfApplied) {
  EXPECT_EQ(scenario().code == "OK", scenario().outcome == "applied");
  EXPECT_EQ(scenario().code == "OK", scenario().reason.empty());
}

INSTANTIATE_TEST_SUITE_P(Table, EveryScenarioTest, ::testing::ValuesIn(ListScenarios(BothVendors())),
                         [](const auto& row) {
                           return absl::StrReplaceAll(row.param.scenario->name, {{"-", "_"}, {"<", ""}, {">", ""}});
                         });

TEST(ScenarioTableTest, HasNoNameTwice) {
  std::set<std::string> names;
  for (const ListedScenario& row : ListScenarios(BothVendors())) names.emplace(row.scenario->name);
  EXPECT_EQ(names.size(), ListScenarios(BothVendors()).size());
}

TEST(ScenarioTableTest, IsInTheReadme) {
  std::ifstream file("sandbox/README.md");
  std::stringstream readme;
  readme << file.rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(ScenarioTableMarkdown(BothVendors())));
}

TEST(ScenarioTableTest, HasALineForEachScenario) {
  const std::string table = ScenarioTable(BothVendors());
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), static_cast<long>(ListScenarios(BothVendors()).size()) + 1);
}

// --- names ---

struct NameCase {
  const char* name;
  const char* scenario;
  const char* vendor;
};

class UnknownNameTest : public ::testing::TestWithParam<NameCase> {};

TEST_P(UnknownNameTest, IsRefused) {
  EXPECT_THAT(CheckScenario(GetParam().scenario, *BothVendors().Find(GetParam().vendor)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--list-scenarios")));
}

INSTANTIATE_TEST_SUITE_P(Names, UnknownNameTest,
                         ::testing::Values(NameCase{"Nothing", "", kSeeThePro},
                                           NameCase{"Misspelled", "resett", kSeeThePro},
                                           NameCase{"OfTheOtherVendor", "token-limit", kSeeThePro},
                                           NameCase{"OfTheOtherVendorAgain", "model-state", kWolkvox},
                                           NameCase{"NoNumber", "status-", kSeeThePro},
                                           NameCase{"Placeholder", "status-<n>", kSeeThePro},
                                           NameCase{"StatusTooSmall", "status-99", kSeeThePro},
                                           NameCase{"StatusTooLarge", "status-1000", kSeeThePro},
                                           NameCase{"TimeTooLong", "slow-600001", kWolkvox}),
                         [](const auto& row) { return row.param.name; });

// --- what is played ---

auto Answers(int status, const std::string& part_of_body) {
  return IsOkAndHolds(
      AllOf(Field("status", &Reply::status, status), Field("body", &Reply::body, HasSubstr(part_of_body))));
}

struct AnswerCase {
  const char* name;
  const char* scenario;
  const char* vendor;
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
        AnswerCase{"AnyStatusOfSeeThePro", "status-418", kSeeThePro, 418, R"({"Message":)"},
        AnswerCase{"AnyStatusOfWolkvox", "status-418", kWolkvox, 418, R"("code":"418")"},
        AnswerCase{"AnySuccess", "status-202", kSeeThePro, 202, "InteractionId"},
        AnswerCase{"InBandFailure", "in-band-403", kWolkvox, 200, R"("code":"403")"},
        AnswerCase{"InBandSuccess", "in-band-202", kWolkvox, 200, R"("code":"202","error":null)"},
        AnswerCase{"CodeIsNumber", "code-number", kWolkvox, 201, R"({"code":201,"error":null)"},
        AnswerCase{"CodeIsMissing", "code-missing", kWolkvox, 201, R"({"error":null)"},
        AnswerCase{"Contradiction", "contradictory", kWolkvox, 500, R"("code":"201")"},
        AnswerCase{"SuccessWithError", "success-with-error", kWolkvox, 201, R"("error":"AGENT NOT FOUND")"},
        AnswerCase{"PhpWarning", "php-warning", kWolkvox, 201, "<b>Warning</b>"},
        AnswerCase{"Maintenance", "maintenance", kWolkvox, 403, "MAINTENANCE"},
        AnswerCase{"NullOfSeeThePro", "null", kSeeThePro, 200, "null"},
        AnswerCase{"NullCampaign", "null-campaign", kSeeThePro, 200, R"("CampaignKey":null)"},
        AnswerCase{"NullId", "null-id", kSeeThePro, 200, R"({"InteractionId":null)"},
        AnswerCase{"Xml", "xml", kSeeThePro, 200, "<VspInteraction xmlns:i="},
        AnswerCase{"ModelState", "model-state", kSeeThePro, 400, R"("model.AccountId":[)"},
        AnswerCase{"ValidationProblem", "validation-problem", kSeeThePro, 400, R"("errors":{"AccountId":[)"},
        AnswerCase{"ModelStateInXml", "model-state-xml", kSeeThePro, 400, "<ModelState><model.AccountId>"},
        AnswerCase{"StackTrace", "error-detail", kSeeThePro, 500, "StackTrace"},
        AnswerCase{"NoCredentialOfSeeThePro", "unauthorized", kSeeThePro, 401, "Authorization has been denied"},
        AnswerCase{"NoCredentialOfWolkvox", "unauthorized", kWolkvox, 401, "PLEASE ENTER THE WOLKVOX-TOKEN"},
        AnswerCase{"NullOfWolkvox", "null", kWolkvox, 201, "null"},
        AnswerCase{"Page", "html", kWolkvox, 200, "<html>"}),
    [](const auto& row) { return row.param.name; });

TEST(ScenariosTest, RedirectNamesAnotherHost) {
  EXPECT_THAT(Play("redirect", StageOf(kWolkvox)),
              IsOkAndHolds(Field(&Reply::headers, Contains(Field(&Header::name, "Location")))));
}

TEST(ScenariosTest, RateLimitedSaysWhenToComeBack) {
  EXPECT_THAT(Play("rate-limited", StageOf(kSeeThePro)),
              IsOkAndHolds(Field(&Reply::headers, Contains(Header{"Retry-After", "7"}))));
}

TEST(ScenariosTest, OversizedIsStillWellFormed) {
  const absl::StatusOr<Reply> reply = Play("oversized", StageOf(kWolkvox));
  ASSERT_THAT(reply, IsOk());
  EXPECT_GT(reply->body.size(), 2u << 20);
  EXPECT_EQ(reply->body.back(), '}');
}

TEST(ScenariosTest, MalformedEndsInTheMiddle) {
  EXPECT_THAT(Play("malformed", StageOf(kWolkvox)), IsOkAndHolds(Field(&Reply::body, R"({"code":"201","err)")));
}

TEST(ScenariosTest, ByteOrderMarkComesFirst) {
  EXPECT_THAT(Play("bom", StageOf(kSeeThePro)), IsOkAndHolds(Field(&Reply::body, StartsWith("\xEF\xBB\xBF{"))));
}

TEST(ScenariosTest, SlowWaitsThatManyMilliseconds) {
  EXPECT_THAT(Play("slow-250", StageOf(kSeeThePro)), IsOkAndHolds(Field(&Reply::delay, absl::Milliseconds(250))));
}

TEST(ScenariosTest, TimeoutWaitsForAMinute) {
  EXPECT_THAT(Play("timeout", StageOf(kWolkvox)), IsOkAndHolds(Field(&Reply::delay, absl::Seconds(60))));
}

}  // namespace
}  // namespace interaction::sandbox
