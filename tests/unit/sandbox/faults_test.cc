#include "sandbox/faults.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/seethepro.h"
#include "sandbox/vendors.h"
#include "sandbox/wolkvox.h"
#include "tests/support/matchers.h"

namespace interaction::sandbox {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two, however many the sandbox plays: a fault knows vendors by their interface only.
const Vendors& BothVendors() {
  static const auto* const both = [] {
    std::vector<std::unique_ptr<const Vendor>> vendors;
    vendors.push_back(std::make_unique<seethepro::SeeThePro>());
    vendors.push_back(std::make_unique<wolkvox::Wolkvox>());
    return new Vendors(std::move(vendors));
  }();
  return *both;
}

const Vendor& SeeThePro() { return *BothVendors().Find("seethepro"); }
const Vendor& Wolkvox() { return *BothVendors().Find("wolkvox"); }

void Order(Faults& faults, absl::string_view json) {
  const absl::StatusOr<FaultOrder> order = ParseFaultOrder(json, BothVendors());
  ASSERT_THAT(order, IsOk());
  faults.Set(*order);
}

TEST(FaultsTest, ApplyToAllVendorsUnlessToldOtherwise) {
  Faults faults(BothVendors());
  Order(faults, R"({"delay_ms":200})");
  EXPECT_EQ(faults.Take(SeeThePro()).delay, absl::Milliseconds(200));
  EXPECT_EQ(faults.Take(Wolkvox()).delay, absl::Milliseconds(200));
}

TEST(FaultsTest, ApplyToAllVendorsIfToldSo) {
  Faults faults(BothVendors());
  Order(faults, R"({"vendor":"all","delay_ms":200})");
  EXPECT_EQ(faults.Take(SeeThePro()).delay, absl::Milliseconds(200));
  EXPECT_EQ(faults.Take(Wolkvox()).delay, absl::Milliseconds(200));
}

TEST(FaultsTest, ApplyToTheVendorThatIsNamed) {
  Faults faults(BothVendors());
  Order(faults, R"({"vendor":"wolkvox","fault":"reset"})");
  EXPECT_THAT(faults.Take(SeeThePro()).scenarios, IsEmpty());
  EXPECT_THAT(faults.Take(Wolkvox()).scenarios, ElementsAre("reset"));
}

TEST(FaultsTest, PlayTheStatusBeforeTheFaultWhateverTheOrderOfMembers) {
  Faults faults(BothVendors());
  Order(faults, R"({"fault":"truncated","status":503})");
  EXPECT_THAT(faults.Take(SeeThePro()).scenarios, ElementsAre("status-503", "truncated"));
}

TEST(FaultsTest, EndAfterTheirCount) {
  Faults faults(BothVendors());
  Order(faults, R"({"fault":"close","count":2})");
  EXPECT_THAT(faults.Take(SeeThePro()).scenarios, ElementsAre("close"));
  EXPECT_THAT(faults.Take(SeeThePro()).scenarios, ElementsAre("close"));
  EXPECT_THAT(faults.Take(SeeThePro()).scenarios, IsEmpty());
}

TEST(FaultsTest, AreReplacedAsAWhole) {
  Faults faults(BothVendors());
  Order(faults, R"({"delay_ms":200,"fault":"reset"})");
  Order(faults, R"({"fault":"none"})");
  EXPECT_EQ(faults.Take(Wolkvox()).delay, absl::ZeroDuration());
  EXPECT_THAT(faults.Take(Wolkvox()).scenarios, IsEmpty());
}

TEST(FaultsTest, AreGoneOnceCleared) {
  Faults faults(BothVendors());
  Order(faults, R"({"status":500})");
  faults.Clear();
  EXPECT_THAT(faults.Take(Wolkvox()).scenarios, IsEmpty());
}

TEST(FaultsTest, ShowWhatIsInForce) {
  Faults faults(BothVendors());
  Order(faults, R"({"vendor":"wolkvox","status":503,"delay_ms":5,"count":3})");
  EXPECT_EQ(faults.ToJson(), R"({"seethepro":{"delay_ms":0,"scenarios":[]},)"
                             R"("wolkvox":{"delay_ms":5,"scenarios":["status-503"],"count":3}})");
}

struct WrongCase {
  const char* name;
  const char* json;
  const char* complaint;
};

class WrongOrderTest : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongOrderTest, IsRefusedWithTheMemberThatIsWrong) {
  EXPECT_THAT(ParseFaultOrder(GetParam().json, BothVendors()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().complaint)));
}

INSTANTIATE_TEST_SUITE_P(
    Orders, WrongOrderTest,
    ::testing::Values(WrongCase{"NotJson", "delay=5", "JSON object"}, WrongCase{"Array", "[]", "JSON object"},
                      WrongCase{"UnknownMember", R"({"delay":5})", "unknown member delay"},
                      WrongCase{"UnknownVendor", R"({"vendor":"nobody"})", "vendor must be seethepro, wolkvox or all"},
                      WrongCase{"VendorOfAnotherType", R"({"vendor":5})", "vendor must be"},
                      WrongCase{"NegativeDelay", R"({"delay_ms":-1})", "delay_ms must be"},
                      WrongCase{"DelayAsText", R"({"delay_ms":"5"})", "delay_ms must be"},
                      WrongCase{"StatusOutOfRange", R"({"status":99})", "status must be"},
                      WrongCase{"FaultOfAnotherType", R"({"fault":7})", "fault must be"},
                      WrongCase{"UnknownScenario", R"({"fault":"boom"})", "no scenario 'boom'"},
                      WrongCase{"ScenarioOfOneVendorForBoth", R"({"fault":"token-limit"})", "for seethepro"},
                      WrongCase{"CountOfZero", R"({"count":0})", "count must be"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace interaction::sandbox
