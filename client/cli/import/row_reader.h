#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/import/input.h"

namespace interaction::cli::import {

// A row of the input. Of CSV, `number` is the row in the spreadsheet, where the header is row 1 and a row whose cells
// have line ends counts once. Of NDJSON, it is the line, and the only cell is its text.
struct Row {
  uint64_t number = 0;
  std::vector<std::string> cells;
};

enum class InputFormat { kCsv, kNdjson };

// Reads the rows of an input one after the other, in memory that does not grow with it. Rows without any text are left
// out.
class RowReader {
 public:
  virtual ~RowReader() = default;

  // The titles of the columns, empty for NDJSON; and how results that belong to the input are to be written.
  virtual const std::vector<std::string>& titles() const = 0;
  virtual char separator() const = 0;
  virtual bool has_mark() const = 0;  // the input has a byte order mark

  // Puts the next row into `row`; false at the end. INVALID_ARGUMENT, with row and column, for what cannot be read:
  // then the rest of the input cannot be read either.
  virtual absl::StatusOr<bool> Next(Row* row) = 0;
};

struct ReadOptions {
  InputFormat format = InputFormat::kCsv;
  std::string separator;  // of --separator; empty: it is found
  std::string encoding = "auto";
};

// Begins to read `input`, which has to outlive the reader, from its beginning. Of CSV, the header is read.
absl::StatusOr<std::unique_ptr<RowReader>> ReadRows(Input& input, const ReadOptions& options);

// "C" for 2, "AA" for 26: how spreadsheets call a column.
std::string ColumnLetters(size_t index);

}  // namespace interaction::cli::import
