#pragma once

#include <csv.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/import/row_reader.h"
#include "client/cli/import/text_stream.h"

namespace interaction::cli::import {

// A cell larger than this is no cell, but a quotation that is not closed.
inline constexpr size_t kMaxCellBytes = size_t{1} << 20;

// CSV as RFC 4180 has it and spreadsheets write it, read by libcsv: quoted cells, doubled quotes, line ends in quotes,
// CRLF, LF or CR. Nothing is trimmed.
class CsvReader final : public RowReader {
 public:
  // `separator` 0: it is found. Reads the header.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Create(TextStream stream, char separator);
  ~CsvReader() override;

  const std::vector<std::string>& titles() const override { return titles_; }
  char separator() const override { return static_cast<char>(parser_.delim_char); }
  bool has_mark() const override { return stream_.has_mark(); }
  absl::StatusOr<bool> Next(Row* row) override;

 private:
  explicit CsvReader(TextStream stream) : stream_(std::move(stream)) {}

  absl::Status Begin(char separator);
  absl::Status Parse(absl::string_view text);
  absl::Status Fill();  // until a row is there, or the end
  void OnCell(absl::string_view text);
  void OnRowEnd(int terminator);
  absl::Status ErrorHere(absl::string_view what) const;

  static void CellCallback(void* text, size_t size, void* self);
  static void RowCallback(int terminator, void* self);

  TextStream stream_;
  csv_parser parser_ = {};
  std::vector<std::string> titles_;
  std::deque<Row> rows_;            // read, but not fetched
  std::vector<std::string> cells_;  // of the row under way
  uint64_t number_ = 0;             // of the last complete row
  bool after_carriage_return_ = false;
  bool ended_ = false;
  absl::Status error_;  // after the rows that are there
};

}  // namespace interaction::cli::import
