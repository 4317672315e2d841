#include "client/cli/import/row_reader.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/import/csv_reader.h"
#include "client/cli/import/separator.h"
#include "client/cli/import/text_decoder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Cells = std::vector<std::string>;
using Rows = std::vector<std::pair<uint64_t, Cells>>;

struct Sheet {
  absl::Status status;
  Cells titles;
  Rows rows;
};

Sheet Read(const std::string& text, const ReadOptions& options = {}) {
  std::istringstream in(text);
  const absl::StatusOr<std::unique_ptr<Input>> input = Input::Open("-", in);
  if (!input.ok()) return {input.status()};
  const absl::StatusOr<std::unique_ptr<RowReader>> reader = ReadRows(**input, options);
  if (!reader.ok()) return {reader.status()};
  Sheet sheet{absl::OkStatus(), (*reader)->titles()};
  while (true) {
    Row row;
    const absl::StatusOr<bool> any = (*reader)->Next(&row);
    sheet.status = any.status();
    if (!any.ok() || !*any) return sheet;
    sheet.rows.emplace_back(row.number, row.cells);
  }
}

std::string Utf16(const std::string& text, bool big) {
  std::string out = big ? "\xfe\xff" : "\xff\xfe";
  for (const char c : text) out += big ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

const Rows kRows = {{2, {"1", "2"}}, {3, {"3", "4"}}};

TEST(CsvReaderTest, ReadsWhatSpreadsheetsWrite) {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"commas and LF", "a,b\n1,2\n3,4\n"},
      {"semicolons and CRLF", "a;b\r\n1;2\r\n3;4\r\n"},
      {"tabs", "a\tb\n1\t2\n3\t4\n"},
      {"CR alone, as old Excel for Mac", "a,b\r1,2\r3,4\r"},
      {"no line end at the end", "a,b\n1,2\n3,4"},
      {"everything quoted", "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"\n"},
      {"UTF-8 with a byte order mark, as Excel",
       "\xef\xbb\xbf"
       "a;b\r\n1;2\r\n3;4\r\n"},
      {"UTF-16, as Excel's Unicode text", Utf16("a\tb\r\n1\t2\r\n3\t4\r\n", false)},
      {"UTF-16, big-endian", Utf16("a,b\n1,2\n3,4\n", true)},
      {"empty rows at the end", "a,b\n1,2\n3,4\n,\n,\n\n\n"},
  };
  for (const auto& row : rows) {
    const Sheet sheet = Read(row.text);
    EXPECT_THAT(sheet.status, IsOk()) << row.name;
    EXPECT_THAT(sheet.titles, ElementsAre("a", "b")) << row.name;
    EXPECT_EQ(sheet.rows, kRows) << row.name;
  }
}

TEST(CsvReaderTest, KeepsEveryCharacterOfACell) {
  const Sheet sheet = Read("a,b\n\"the \"\"big\"\" one\",\"line\r\nline, too\"\n  two  ,\" \"\n");
  EXPECT_THAT(sheet.status, IsOk());
  EXPECT_EQ(sheet.rows, (Rows{{2, {"the \"big\" one", "line\r\nline, too"}}, {3, {"  two  ", " "}}}));
}

TEST(CsvReaderTest, RowsHaveTheNumbersOfTheSheet) {
  const Sheet sheet = Read("a,b\r\n\"1\nx\",2\r\n\r\n,\r\n3,4\r\n");
  EXPECT_EQ(sheet.rows, (Rows{{2, {"1\nx", "2"}}, {5, {"3", "4"}}}));
}

TEST(CsvReaderTest, ASeparatorThatIsToldIsTaken) {
  EXPECT_EQ(Read("sep=|\r\na|b\r\n1|2\r\n").rows, (Rows{{3, {"1", "2"}}}));
  EXPECT_EQ(Read("a,x|b\n1|2\n", {.separator = "pipe"}).rows, (Rows{{2, {"1", "2"}}}));
  EXPECT_THAT(Read("a\n", {.separator = "\""}).status, StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CsvReaderTest, SeparatorsInQuotesAreNotCounted) {
  EXPECT_EQ(FindSeparator("\"a,b,c,d\";e\n").character, ';');
  EXPECT_EQ(FindSeparator("alone\n1,2\n").character, ',');
  EXPECT_EQ(FindSeparator("\"a\nb;c\"\td\n").character, '\t');
}

TEST(CsvReaderTest, WhatIsNoCsvIsToldWithRowAndColumn) {
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } rows[] = {
      {"a stray quote", "a,b\n1,2\n3,x\"y\n", "row 3, column B: a quotation mark is out of place"},
      {"text after a quoted cell", "a,b\n\"1\"x,2\n", "row 2, column A: a quotation mark is out of place"},
      {"an open quote", "a,b\n1,2\n3,\"4\n5,6\n", "row 3, column B: the cell begins with a quotation mark"},
      {"an open quote in a large file", absl::StrCat("a,b\n1,\"", std::string(2 * kMaxCellBytes, 'x')),
       "row 2, column B: the cell begins with a quotation mark"},
      {"nothing", "", "the input is empty"},
      {"UTF-16 without a byte order mark", Utf16("a,b\n", false).substr(2), "looks like UTF-16"},
      {"half a character of UTF-16", Utf16("a,b\n", false).substr(0, 7), "not valid UTF-16LE"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Read(row.text).status, StatusIs(absl::StatusCode::kInvalidArgument)) << row.name;
    EXPECT_THAT(Read(row.text).status.message(), HasSubstr(row.message)) << row.name;
  }
}

TEST(CsvReaderTest, RowsBeforeAnErrorAreRead) { EXPECT_EQ(Read("a,b\n1,2\n3,4\n\"x\"y,1\n").rows, kRows); }

TEST(CsvReaderTest, OtherEncodingsAreConvertedWhenTheyAreNamed) {
  EXPECT_EQ(Read("a\nJos\xe9\n", {.encoding = "windows-1252"}).rows, (Rows{{2, {"José"}}}));
  EXPECT_THAT(Read("a\n", {.encoding = "no-such"}).status.message(), HasSubstr("'no-such' is not known"));
}

TEST(CsvReaderTest, ALargeInputIsReadPieceByPiece) {
  std::string text = "a;b\r\n";
  for (int i = 0; i < 50'000; ++i) absl::StrAppend(&text, "\"", i, "\";é\r\n");
  const Sheet sheet = Read(text);
  ASSERT_THAT(sheet.status, IsOk());
  ASSERT_EQ(sheet.rows.size(), 50'000u);
  for (uint64_t i = 0; i < 50'000; ++i) ASSERT_EQ(sheet.rows[i], (Rows::value_type{i + 2, {absl::StrCat(i), "é"}}));
}

TEST(LineReaderTest, EveryLineWithTextIsARow) {
  const Sheet sheet = Read("\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"a\":2}", {.format = InputFormat::kNdjson});
  EXPECT_THAT(sheet.status, IsOk());
  EXPECT_EQ(sheet.rows, (Rows{{1, {"{\"a\":1}"}}, {4, {"{\"a\":2}"}}}));
}

TEST(LineReaderTest, ALineWithoutEndIsRefused) {
  const Sheet sheet = Read(std::string(2 * kMaxCellBytes, 'x'), {.format = InputFormat::kNdjson});
  EXPECT_THAT(sheet.status.message(), HasSubstr("line 1 is longer than 1 MiB"));
}

TEST(ColumnLettersTest, AreThoseOfSpreadsheets) {
  EXPECT_EQ(ColumnLetters(0), "A");
  EXPECT_EQ(ColumnLetters(25), "Z");
  EXPECT_EQ(ColumnLetters(26), "AA");
  EXPECT_EQ(ColumnLetters(701), "ZZ");
  EXPECT_EQ(ColumnLetters(702), "AAA");
}

TEST(IsUtf8Test, TakesWhatRfc3629Takes) {
  for (const char* text : {"", "a", "é", "€", "\U0001F600", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(IsUtf8(text)) << text;
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xff", "a\xe9", "\xe2\x82"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace interaction::cli::import
