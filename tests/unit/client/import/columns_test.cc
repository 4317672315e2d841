#include "client/cli/import/columns.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/v1/interaction_service.pb.h"
#include "tests/support/matchers.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const google::protobuf::Descriptor& Type() { return *v1::CreateVspInteractionRequest::descriptor(); }

std::vector<std::string> FieldsOf(const std::vector<std::string>& titles, const MapOptions& options = {}) {
  const auto columns = MapColumns(titles, Type(), options);
  EXPECT_THAT(columns, IsOk());
  std::vector<std::string> fields;
  if (!columns.ok()) return fields;
  for (const Column& column : *columns) fields.push_back(column.field == nullptr ? "" : column.field->name());
  return fields;
}

std::string ErrorOf(const std::vector<std::string>& titles, const MapOptions& options = {}) {
  return std::string(MapColumns(titles, Type(), options).status().message());
}

TEST(MapColumnsTest, TitlesAreFieldsApartFromCaseBlanksAndPunctuation) {
  EXPECT_THAT(FieldsOf({"Interaction Name", "ACCOUNT_ID", "contact-id", "tenantKey", "\xc2\xa0Group\xc2\xa0Key "}),
              ElementsAre("interaction_name", "account_id", "contact_id", "tenant_key", "group_key"));
}

TEST(MapColumnsTest, AMappingFillsAFieldOrNone) {
  EXPECT_THAT(FieldsOf({"Teléfono", "Notas", "account id"},
                       {.map = {{"teléfono", "interactionIdentity"}, {"Notas", ""}, {"Account ID", "contact_id"}}}),
              ElementsAre("interaction_identity", "", "contact_id"));
}

TEST(MapColumnsTest, OwnColumnsOfResultsAndColumnsWithoutTitleAreNotUsed) {
  EXPECT_THAT(FieldsOf({"account_id", "import_outcome", ""}), ElementsAre("account_id", "", ""));
}

TEST(MapColumnsTest, UnknownColumnsAreErrorsThatNameTheNearestField) {
  EXPECT_THAT(ErrorOf({"acount id"}),
              HasSubstr("column A 'acount id' is no field of CreateVspInteractionRequest; did you "
                        "mean 'account_id'?"));
  EXPECT_THAT(ErrorOf({"Identity"}), HasSubstr("did you mean 'interaction_identity'?"));
  EXPECT_THAT(ErrorOf({"x", "y"}), ::testing::AllOf(HasSubstr("column A 'x'"), HasSubstr("column B 'y'")));
  EXPECT_THAT(FieldsOf({"x"}, {.ignore_unknown_columns = true}), ElementsAre(""));
}

TEST(MapColumnsTest, AFieldIsFilledOnce) {
  EXPECT_THAT(ErrorOf({"account_id", "Account ID"}),
              HasSubstr("column A 'account_id' and column B 'Account ID' both fill account_id"));
}

TEST(MapColumnsTest, AMappingOfWhatIsNotThereIsAnError) {
  EXPECT_THAT(ErrorOf({"Telefono"}, {.map = {{"Telefon", "account_id"}}}),
              HasSubstr("no column is called 'Telefon'; did you mean 'Telefono'?"));
  EXPECT_THAT(ErrorOf({"a"}, {.map = {{"a", "acount_id"}}}), StartsWith("no field 'acount_id'"));
}

}  // namespace
}  // namespace interaction::cli::import
