// What a vendor must bring so that the sandbox serves it: a third one, which the sandbox has never heard of.
#include "sandbox/vendors.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/sandbox.h"
#include "sandbox/scenarios.h"
#include "sandbox/seethepro.h"
#include "sandbox/wolkvox.h"

namespace interaction::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::Not;
using ::testing::StartsWith;

Reply Lost(Stage) { return {.status = 410, .body = "acme lost the ticket"}; }

// Takes any body as the title of a ticket; the title "sandbox:<scenario>" asks for a scenario.
class Acme final : public Vendor {
 public:
  absl::string_view Name() const override { return "acme"; }
  absl::string_view PathPrefix() const override { return "/api/v2/acme/"; }  // longer than wolkvox's, which fits too
  absl::string_view TokenHeader() const override { return "X-Acme-Key"; }
  absl::Duration Delay(int) const override { return absl::Milliseconds(3); }
  Reply Answer(const Request& request, uint64_t serial, int) const override {
    Reply reply{.status = 201, .body = absl::StrCat("{\"ticket\":", serial, "}")};
    absl::string_view title = request.body;
    if (absl::ConsumePrefix(&title, "sandbox:")) reply.scenario = std::string(title);
    return reply;
  }
  Reply Refuse(const Request&, int status, absl::string_view error, absl::string_view text) const override {
    return {.status = status, .body = absl::StrCat("acme refuses: ", error, ": ", text)};
  }
  Reply RefuseCredential(const Request&) const override { return {.status = 401, .body = "acme wants a key"}; }
  absl::Span<const Scenario> OwnScenarios() const override { return own_; }

 private:
  const std::vector<Scenario> own_ = {
      {"ticket-lost", "410", "UNKNOWN", "UPSTREAM_INTERNAL_ERROR", kUnknown, Lost},
  };
};

Vendors ThreeVendors() {
  std::vector<std::unique_ptr<const Vendor>> vendors;
  vendors.push_back(std::make_unique<seethepro::SeeThePro>());
  vendors.push_back(std::make_unique<wolkvox::Wolkvox>());
  vendors.push_back(std::make_unique<Acme>());
  return Vendors(std::move(vendors));
}

Request Ticket(absl::string_view title = "t", absl::string_view key = "k") {
  return {.method = "POST",
          .target = "/api/v2/acme/tickets",
          .headers = {{"x-acme-key", std::string(key)}},
          .body = std::string(title)};
}

Request Control(std::string method, std::string target, std::string body = "") {
  return {.method = std::move(method), .target = std::move(target), .body = std::move(body)};
}

class ThirdVendorTest : public ::testing::Test {
 protected:
  Reply Send(Request request) { return sandbox_.Arrive(std::move(request))->reply(); }

  Sandbox sandbox_{ThreeVendors()};
};

TEST_F(ThirdVendorTest, GetsTheRequestsOfItsPathAndAnswersAfterItsDelay) {
  const Reply reply = Send(Ticket());
  EXPECT_EQ(reply.body, R"({"ticket":1})");
  EXPECT_EQ(reply.delay, absl::Milliseconds(3));
}

TEST_F(ThirdVendorTest, LeavesTheOtherPathsToTheOthers) {
  EXPECT_THAT(Send(Control("POST", "/api/v2/acme")).body, HasSubstr("THE API YOU WANT TO CONSULT DOES NOT EXIST"));
  EXPECT_THAT(Send(Control("POST", "/acme/")).body, HasSubstr("No HTTP resource was found"));
}

TEST_F(ThirdVendorTest, HasEveryCommonScenario) {
  for (const Scenario& scenario : CommonScenarios()) {
    const std::string name = absl::StrReplaceAll(scenario.name, {{"<n>", "404"}, {"<ms>", "5"}});
    const Reply reply = Send(Ticket(absl::StrCat("sandbox:", name)));
    EXPECT_EQ(reply.scenario, name);
    EXPECT_THAT(reply.body, Not(HasSubstr("has no scenario"))) << name;
  }
}

TEST_F(ThirdVendorTest, RefusesInItsOwnWords) {
  EXPECT_EQ(Send(Ticket("sandbox:conflict")).body, "acme refuses: CONFLICT: Somebody else is changing this contact.");
  EXPECT_EQ(Send(Ticket("sandbox:unauthorized")).body, "acme wants a key");
  EXPECT_EQ(Send(Ticket("sandbox:null")).body, "null");
  EXPECT_THAT(Send(Ticket("sandbox:boom")).body, StartsWith("acme refuses: BAD REQUEST: the sandbox has no scenario"));
}

TEST_F(ThirdVendorTest, HasItsOwnScenariosAndNoOtherVendors) {
  EXPECT_EQ(Send(Ticket("sandbox:ticket-lost")).body, "acme lost the ticket");
  EXPECT_EQ(Send(Ticket("sandbox:token-limit")).status, 400);
}

TEST_F(ThirdVendorTest, IsCountedByToken) {
  {
    const auto first = sandbox_.Arrive(Ticket());
    const auto second = sandbox_.Arrive(Ticket());
    const auto other = sandbox_.Arrive(Ticket("t", "another"));
  }
  EXPECT_THAT(Send(Control("GET", "/sandbox/stats")).body,
              AllOf(HasSubstr(R"("wolkvox":{"requests":0,)"),
                    HasSubstr(R"("acme":{"requests":3,"in_flight":0,"max_in_flight":3,"max_simultaneous_per_token":2,)"
                              R"("by_status":{"201":3}})")));
}

TEST_F(ThirdVendorTest, KeepsItsTokenSecret) {
  Send(Ticket("t", "key-canary"));
  EXPECT_THAT(Send(Control("GET", "/sandbox/requests")).body,
              AllOf(HasSubstr(R"("vendor":"acme")"), Not(HasSubstr("key-canary"))));
}

TEST_F(ThirdVendorTest, HasAFaultOfItsOwn) {
  EXPECT_EQ(Send(Control("POST", "/sandbox/faults", R"({"vendor":"acme","fault":"ticket-lost"})")).status, 200);
  EXPECT_EQ(Send(Ticket()).status, 410);
  EXPECT_EQ(Send(Control("POST", "/api/vspinteraction/create")).status, 500);  // its usual answer to an empty body
}

TEST_F(ThirdVendorTest, HasTheFaultOfAll) {
  EXPECT_EQ(Send(Control("POST", "/sandbox/faults", R"({"vendor":"all","status":503})")).status, 200);
  EXPECT_EQ(Send(Ticket()).status, 503);
  EXPECT_EQ(Send(Control("POST", "/api/vspinteraction/create")).status, 503);
}

TEST_F(ThirdVendorTest, IsAmongTheChoicesForAFault) {
  EXPECT_THAT(Send(Control("POST", "/sandbox/faults", R"({"vendor":"nobody"})")).body,
              HasSubstr("vendor must be seethepro, wolkvox, acme or all"));
}

TEST(ThirdVendorTableTest, NamesItBesideItsScenarios) {
  const std::string table = ScenarioTableMarkdown(ThreeVendors());
  EXPECT_THAT(table, AllOf(HasSubstr("| `close` | all |"),
                           HasSubstr("| `ticket-lost` | acme | 410 | UNKNOWN UPSTREAM_INTERNAL_ERROR, unknown |")));
}

TEST(VendorsTest, HaveNoVendorForAPathThatNoneTakes) {
  std::vector<std::unique_ptr<const Vendor>> one;
  one.push_back(std::make_unique<Acme>());
  const Vendors vendors(std::move(one));
  EXPECT_THAT(vendors.ForPath("/elsewhere"), IsNull());
}

TEST(SandboxWithoutADefaultVendorTest, AnswersAPathThatNoVendorTakesWith404) {
  std::vector<std::unique_ptr<const Vendor>> one;
  one.push_back(std::make_unique<Acme>());
  Sandbox sandbox(Vendors(std::move(one)));
  EXPECT_EQ(sandbox.Arrive(Control("POST", "/elsewhere"))->reply().status, 404);
}

}  // namespace
}  // namespace interaction::sandbox
