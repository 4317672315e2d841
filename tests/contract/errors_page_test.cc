// docs/errors.md and the error catalogue say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/base/errors.h"

namespace interaction {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Le;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

// The cells of the rows whose first cell is `A_REASON` in upper case, in the order of the page.
std::vector<std::vector<std::string>> ReasonRows() {
  std::vector<std::vector<std::string>> rows;
  std::ifstream page("docs/errors.md");
  for (std::string line; std::getline(page, line);) {
    std::vector<std::string> cells = absl::StrSplit(line, absl::ByString(" | "));
    absl::string_view name = cells[0];
    if (cells.size() == 5 && absl::ConsumePrefix(&name, "| `") && absl::ConsumeSuffix(&name, "`")) {
      cells[0] = std::string(name);
      rows.push_back(cells);
    }
  }
  return rows;
}

std::string Codes(const ReasonEntry& entry) {
  std::vector<std::string> names = {absl::StatusCodeToString(entry.code)};
  for (const absl::StatusCode code : entry.other_codes) names.push_back(absl::StatusCodeToString(code));
  return absl::StrJoin(names, " or ");
}

TEST(ErrorsPageTest, ListsExactlyTheReasonsOfTheCatalogueInItsOrder) {
  std::vector<std::string> on_page, in_catalogue;
  for (const auto& row : ReasonRows()) on_page.push_back(row[0]);
  for (const ReasonEntry& entry : ReasonCatalogue()) in_catalogue.emplace_back(entry.name);
  EXPECT_THAT(on_page, ElementsAreArray(in_catalogue));
}

TEST(ErrorsPageTest, GivesEachReasonItsCodesAndOutcome) {
  const auto rows = ReasonRows();
  ASSERT_THAT(rows, SizeIs(ReasonCatalogue().size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    const ReasonEntry& entry = ReasonCatalogue()[i];
    EXPECT_EQ(rows[i][1], Codes(entry)) << entry.name;
    EXPECT_EQ(rows[i][2], OutcomeName(entry.outcome)) << entry.name;
  }
}

TEST(ErrorCatalogueTest, IsInTheOrderOfTheEnum) {
  for (size_t i = 0; i < ReasonCatalogue().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(ReasonCatalogue()[i].reason), i) << ReasonCatalogue()[i].name;
  }
}

TEST(ErrorCatalogueTest, KeepsTheFormThatAip193Asks) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    EXPECT_THAT(std::string(entry.name), MatchesRegex("[A-Z][A-Z0-9_]+[A-Z0-9]"));
    EXPECT_THAT(entry.name.size(), Le(63u)) << entry.name;
    EXPECT_THAT(entry.message.size(), Le(512u)) << entry.name;
  }
}

TEST(ErrorCatalogueTest, AnswersUnavailableOnlyWhenNothingWasApplied) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    if (entry.outcome == Outcome::kUnknown) {
      EXPECT_NE(entry.code, absl::StatusCode::kUnavailable) << entry.name;
      EXPECT_NE(entry.code, absl::StatusCode::kCancelled) << entry.name;
    }
  }
}

}  // namespace
}  // namespace interaction
