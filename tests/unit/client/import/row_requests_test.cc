#include "client/cli/import/row_requests.h"

#include <memory>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::EqualsProto;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHeaderLine[] = "Interaction Identity,Interaction Name,Account ID,Contact ID,Tenant Key\n";

struct Made {
  absl::Status status;
  std::unique_ptr<google::protobuf::Message> request;
  std::vector<Problem> problems;
};

// The request of the first row of `text`.
Made Make(const std::string& text, const RequestOptions& options = {}, InputFormat format = InputFormat::kCsv) {
  std::istringstream in(text);
  const auto input = Input::Open("-", in);
  const auto reader = ReadRows(**input, {.format = format});
  const auto method = FindMethod("create-vsp");
  const auto requests = RowRequests::Create(**method, **reader, format, options);
  Made made{requests.status()};
  Row row;
  if (requests.ok() && *(*reader)->Next(&row)) made.request = requests->Make(row, &made.problems);
  return made;
}

constexpr char kRequest[] = R"pb(interaction_identity: "+1"
                                 interaction_name: "a"
                                 account_id: "6925ebd4-125d-4338-a736-99f4b5bcb3d7"
                                 contact_id: "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0")pb";

TEST(RowRequestsTest, CellsFillFieldsAndAnEmptyCellLeavesItsFieldOut) {
  const Made made = Make(std::string(kHeaderLine) +
                         "+1,a,{6925EBD4-125D-4338-A736-99F4B5BCB3D7},3d6ab2376e5e4e4ab76a4ebe7d89b9e0,\n");
  EXPECT_THAT(made.problems, IsEmpty());
  EXPECT_THAT(dynamic_cast<const v1::CreateVspInteractionRequest&>(*made.request), EqualsProto(kRequest));
}

TEST(RowRequestsTest, LinesOfNdjsonMeanTheSame) {
  const Made made = Make(
      R"({"interactionIdentity":"+1","interaction_name":"a","account_id":"6925ebd4-125d-4338-a736-99f4b5bcb3d7",)"
      R"("contactId":"3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0","tenant_key":null,"import":{"outcome":"not_applied"}})",
      {}, InputFormat::kNdjson);
  EXPECT_THAT(made.problems, IsEmpty());
  EXPECT_THAT(dynamic_cast<const v1::CreateVspInteractionRequest&>(*made.request), EqualsProto(kRequest));
}

TEST(RowRequestsTest, EveryProblemOfARowIsToldWithItsColumn) {
  const Made made = Make(std::string(kHeaderLine) + "\xe9,a,12,,\n");
  EXPECT_THAT(made.problems,
              ElementsAre(AllOf(Field(&Problem::row, 2), Field(&Problem::place, "column A 'Interaction Identity'"),
                                Field(&Problem::text, HasSubstr("is not UTF-8")))));
  const Made rules = Make(std::string(kHeaderLine) + ",a,12,,\n");
  EXPECT_THAT(rules.problems, ElementsAre(Field(&Problem::place, "column A 'Interaction Identity'"),
                                          Field(&Problem::place, "column C 'Account ID'"),
                                          Field(&Problem::place, "column D 'Contact ID'")));
}

TEST(RowRequestsTest, AMissingColumnIsToldByItsField) {
  EXPECT_THAT(Make("Interaction Name\na\n").problems,
              ElementsAre(Field(&Problem::place, "field interaction_identity"),
                          Field(&Problem::place, "field account_id"), Field(&Problem::place, "field contact_id")));
}

TEST(RowRequestsTest, TextBeyondTheHeaderIsAProblem) {
  EXPECT_THAT(Make("interaction_name\na,b\n").problems,
              ElementsAre(Field(&Problem::text, HasSubstr("no title there"))));
}

TEST(RowRequestsTest, ConstantsFillWhatTheInputLeavesOut) {
  RequestOptions options{.constants = {{"tenant_key", "6925ebd4-125d-4338-a736-99f4b5bcb3d7"}}};
  const Made made = Make("interaction_name\na\n", options);
  EXPECT_EQ(dynamic_cast<const v1::CreateVspInteractionRequest&>(*made.request).tenant_key(),
            "6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  EXPECT_THAT(Make(kHeaderLine, options).status.message(), HasSubstr("tenant_key is given twice"));
  EXPECT_THAT(Make(kHeaderLine, {.constants = {{"tenant", "x"}}}).status.message(),
              HasSubstr("did you mean 'tenant_key'?"));
  EXPECT_THAT(Make(kHeaderLine, {.constants = {{"request_id", "x"}}}).status.message(),
              HasSubstr("differs for each row"));
}

std::string TenantOf(const std::string& text, InputFormat format = InputFormat::kCsv) {
  const RequestOptions options{.defaults = {{"tenant_key", "6925ebd4-125d-4338-a736-99f4b5bcb3d7"}}};
  const Made made = Make(text, options, format);
  EXPECT_EQ(made.status, absl::OkStatus());
  return made.request == nullptr ? ""
                                 : dynamic_cast<const v1::CreateVspInteractionRequest&>(*made.request).tenant_key();
}

TEST(RowRequestsTest, ADefaultFillsWhatARowLeavesOutAndARowsOwnValueWins) {
  EXPECT_EQ(TenantOf("tenant_key\n3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0\n"), "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");
  EXPECT_EQ(TenantOf("tenant_key,interaction_name\n,a\n"), "6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  EXPECT_EQ(TenantOf("interaction_name\na\n"), "6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  EXPECT_EQ(TenantOf(R"({"tenantKey":"3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"})", InputFormat::kNdjson),
            "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");
}

TEST(RowRequestsTest, AConstantIsStrongerThanADefault) {
  const RequestOptions options{.constants = {{"interaction_name", "flag"}},
                               .defaults = {{"interaction_name", "environment"}}};
  const Made made = Make("interaction_identity\n+1\n", options);
  EXPECT_EQ(dynamic_cast<const v1::CreateVspInteractionRequest&>(*made.request).interaction_name(), "flag");
}

TEST(RowRequestsTest, RoundedNumbersAreProblemsUnlessTheyAreKept) {
  EXPECT_THAT(Make("interaction_name\n5.73E+11\n").problems,
              ElementsAre(Field(&Problem::text, HasSubstr("has rounded"))));
  const Made kept = Make("interaction_name\n5.73E+11\n", {.keep_rounded_numbers = true});
  EXPECT_EQ(dynamic_cast<const v1::CreateVspInteractionRequest&>(*kept.request).interaction_name(), "5.73E+11");
}

TEST(IsRoundedNumberTest, KnowsTheFormOfSpreadsheets) {
  for (const char* cell : {"5.73E+11", "5,73E+11", "5.7300123456789E+023", "1.0e+12"})
    EXPECT_TRUE(IsRoundedNumber(cell)) << cell;
  for (const char* cell :
       {"", "573001234567", "+573001234567", "5.73", "5.73E11", "55.73E+11", "5.E+11", "5.73E+", "5.73E+1x"}) {
    EXPECT_FALSE(IsRoundedNumber(cell)) << cell;
  }
}

}  // namespace
}  // namespace interaction::cli::import
