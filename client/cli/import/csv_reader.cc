#include "client/cli/import/csv_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/import/separator.h"

namespace interaction::cli::import {
namespace {

constexpr absl::string_view kStrayQuote =
    "a quotation mark is out of place: a cell that contains one is written between quotation marks, and each inside is "
    "doubled, as in \"the \"\"big\"\" one\"";
constexpr absl::string_view kOpenQuote = "the cell begins with a quotation mark, and the one that ends it is missing";

bool HasText(const std::vector<std::string>& cells) {
  return std::any_of(cells.begin(), cells.end(), [](const std::string& cell) { return !cell.empty(); });
}

// By default libcsv trims blanks; here nothing is a blank.
int NoSpace(unsigned char) { return 0; }

}  // namespace

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Create(TextStream stream, char separator) {
  auto reader = std::unique_ptr<CsvReader>(new CsvReader(std::move(stream)));
  if (const absl::Status begun = reader->Begin(separator); !begun.ok()) return begun;
  return reader;
}

CsvReader::~CsvReader() { csv_free(&parser_); }

absl::Status CsvReader::Begin(char separator) {
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
  csv_set_space_func(&parser_, &NoSpace);
  std::string text;
  while (text.size() < 65536) {
    const absl::StatusOr<bool> more = stream_.Next(&text);
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  const Separator found = FindSeparator(text);
  csv_set_delim(&parser_, static_cast<unsigned char>(separator != 0 ? separator : found.character));
  if (found.skip > 0) ++number_;  // "sep=;" is a row of the sheet
  if (const absl::Status parsed = Parse(absl::string_view(text).substr(found.skip)); !parsed.ok()) error_ = parsed;
  Row header;
  const absl::StatusOr<bool> any = Next(&header);
  if (!any.ok()) return any.status();
  if (!*any) return absl::InvalidArgumentError("the input is empty: its first row has to name the columns");
  titles_ = std::move(header.cells);
  return absl::OkStatus();
}

absl::Status CsvReader::Parse(absl::string_view text) {
  const size_t read = csv_parse(&parser_, text.data(), text.size(), &CellCallback, &RowCallback, this);
  if (csv_error(&parser_) == CSV_EPARSE) return ErrorHere(kStrayQuote);
  if (read != text.size()) return absl::ResourceExhaustedError("no memory to read the input");
  return csv_get_buffer_size(&parser_) > kMaxCellBytes ? ErrorHere(kOpenQuote) : absl::OkStatus();
}

absl::Status CsvReader::Fill() {
  std::string text;
  while (rows_.empty() && !ended_ && error_.ok()) {
    text.clear();
    const absl::StatusOr<bool> more = stream_.Next(&text);
    if (!more.ok()) return more.status();
    if (*more) {
      error_ = Parse(text);
      continue;
    }
    ended_ = true;
    if (csv_fini(&parser_, &CellCallback, &RowCallback, this) != 0) error_ = ErrorHere(kOpenQuote);
  }
  return rows_.empty() ? error_ : absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next(Row* row) {
  if (const absl::Status filled = Fill(); !filled.ok()) return filled;
  if (rows_.empty()) return false;
  *row = std::move(rows_.front());
  rows_.pop_front();
  return true;
}

void CsvReader::OnCell(absl::string_view text) { cells_.emplace_back(text); }

void CsvReader::OnRowEnd(int terminator) {
  const bool second_half = cells_.empty() && terminator == '\n' && after_carriage_return_;
  after_carriage_return_ = terminator == '\r';
  if (second_half) return;
  ++number_;
  if (HasText(cells_)) rows_.push_back({number_, std::move(cells_)});
  cells_.clear();
}

absl::Status CsvReader::ErrorHere(absl::string_view what) const {
  return absl::InvalidArgumentError(
      absl::StrCat("row ", number_ + 1, ", column ", ColumnLetters(cells_.size()), ": ", what));
}

void CsvReader::CellCallback(void* text, size_t size, void* self) {
  static_cast<CsvReader*>(self)->OnCell({static_cast<const char*>(text), size});
}

void CsvReader::RowCallback(int terminator, void* self) { static_cast<CsvReader*>(self)->OnRowEnd(terminator); }

}  // namespace interaction::cli::import
