#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/import/columns.h"
#include "client/cli/import/method.h"
#include "client/cli/import/row_reader.h"

namespace interaction::cli::import {

// What is wrong with a row: where, and what would be right. Texts do not repeat the cell.
struct Problem {
  uint64_t row = 0;
  std::string place;  // "column C 'Account ID'", "field account_id", or empty
  std::string text;
};

struct RequestOptions {
  MapOptions columns;
  // --set FIELD=VALUE, and secrets from files. A column for the same field is an error.
  std::vector<std::pair<std::string, std::string>> constants;
  // The same from the environment: they fill what the row leaves out.
  std::vector<std::pair<std::string, std::string>> defaults;
  bool keep_rounded_numbers = false;
};

// Makes the request of each row.
class RowRequests {
 public:
  // INVALID_ARGUMENT if the header or a constant is wrong. `method` and `titles` of `reader` outlive the object.
  static absl::StatusOr<RowRequests> Create(const Method& method, const RowReader& reader, InputFormat format,
                                            const RequestOptions& options);

  // The row's request in canonical form, and every problem of the row; the request is fit to be sent if there is none.
  std::unique_ptr<google::protobuf::Message> Make(const Row& row, std::vector<Problem>* problems) const;

  const std::vector<Column>& columns() const { return columns_; }

 private:
  RowRequests(const Method& method, InputFormat format, bool keep_rounded_numbers)
      : method_(&method), format_(format), keep_rounded_numbers_(keep_rounded_numbers) {}

  using Constant = std::pair<const google::protobuf::FieldDescriptor*, std::string>;

  absl::StatusOr<Constant> MakeConstant(const std::string& name, const std::string& value) const;
  absl::Status AddConstants(const RequestOptions& options);
  void FillFromCells(const Row& row, google::protobuf::Message* request, std::vector<Problem>* problems) const;
  void FillFromLine(const Row& row, google::protobuf::Message* request, std::vector<Problem>* problems) const;
  std::string PlaceOf(const std::string& field) const;

  const Method* method_;
  InputFormat format_;
  bool keep_rounded_numbers_;
  std::vector<Column> columns_;
  std::vector<Constant> constants_;  // the stronger before the weaker
};

// Whether a spreadsheet has turned a long number, such as a phone number, into a rounded one: "5.73E+11".
bool IsRoundedNumber(absl::string_view cell);

}  // namespace interaction::cli::import
