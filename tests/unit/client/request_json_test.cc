#include "client/cli/request_json.h"

#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/v1/interaction_service.pb.h"
#include "tests/support/matchers.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using nlohmann::json;

absl::StatusOr<json> Parse(absl::string_view text) {
  return ParseRequestJson(text, *v1::CreateVspInteractionRequest::descriptor());
}

TEST(ParseRequestJsonTest, TakesTheProtosNamesAndLowerCamel) {
  EXPECT_THAT(Parse(R"({"account_id": "a", "contactId": "c"})"),
              IsOkAndHolds(json{{"account_id", "a"}, {"contact_id", "c"}}));
}

struct WrongCase {
  const char* name;
  const char* text;
  const char* message;
};

class WrongRequestJsonTest : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongRequestJsonTest, SaysWhereAndWhatWithoutRepeatingAValue) {
  EXPECT_THAT(Parse(GetParam().text), StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, WrongRequestJsonTest,
    ::testing::Values(
        WrongCase{"Empty", "", "not valid JSON at line 1, column 1"},
        WrongCase{"NoColon", "{\n  \"app_access_key\" \"s3cret\"}", "not valid JSON at line 2, column 27"},
        WrongCase{"NotUtf8", "{\"account_id\": \"\xff\"}", "not valid JSON at line 1, column 17"},
        WrongCase{"Array", "[]", "the JSON is not an object"},
        WrongCase{"MistypedField", R"({"acount_id": "x"})",
                  "no field 'acount_id' in CreateVspInteractionRequest; did you mean 'account_id'?"},
        WrongCase{"UnknownField", R"({"colour": "x"})", "no field 'colour' in CreateVspInteractionRequest"},
        WrongCase{"BothSpellings", R"({"account_id": "a", "accountId": "b"})", "field 'account_id' is given twice"}),
    [](const auto& test) { return test.param.name; });

TEST(FillFromJsonTest, NullLeavesAFieldOutAndAnEmptyStringDoesNot) {
  v1::CreateVspInteractionRequest request;

  ASSERT_THAT(FillFromJson(json{{"account_id", "a"}, {"tenant_key", nullptr}, {"group_key", ""}}, request), IsOk());

  EXPECT_THAT(request, EqualsProto(R"pb(account_id: "a" group_key: "")pb"));
}

TEST(FillFromJsonTest, AValueThatIsNotAStringIsRefusedByItsFieldsName) {
  v1::CreateVspInteractionRequest request;

  EXPECT_THAT(FillFromJson(json{{"account_id", 5}}, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "field 'account_id' must be a string"));
}

TEST(FillFromJsonTest, TextThatIsNotUtf8IsRefused) {
  v1::CreateVspInteractionRequest request;

  EXPECT_THAT(FillFromJson(json{{"account_id", "\xff"}}, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "a value is not valid UTF-8"));
}

TEST(FillFromJsonTest, AnyOtherTextArrivesAsItIs) {
  v1::CreateVspInteractionRequest request;
  const std::string text("\0 \x1f \xf0\x9f\x98\x80 \"\\", 11);

  ASSERT_THAT(FillFromJson(json{{"interaction_name", text}}, request), IsOk());

  EXPECT_EQ(request.interaction_name(), text);
}

}  // namespace
}  // namespace interaction::cli
