#include "client/cli/import/row_requests.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/import/text_decoder.h"
#include "client/cli/request_json.h"

namespace interaction::cli::import {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kNotUtf8[] =
    "is not UTF-8: save the sheet as \"CSV UTF-8\", or give its encoding, such as --encoding windows-1252";
constexpr char kRounded[] =
    "is a number that the spreadsheet has rounded, such as 5.73E+11: format the column as text, and enter it again "
    "(--keep-rounded-numbers takes it as it is)";

void SetText(Message* message, const FieldDescriptor* field, const std::string& text) {
  message->GetReflection()->SetString(message, field, text);
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  if (field->has_presence()) return message.GetReflection()->HasField(message, field);
  return !message.GetReflection()->GetString(message, field).empty();
}

// A line of a file of results has the member "import", which is no field.
std::string WithoutResult(const std::string& line) {
  if (line.find("\"import\"") == std::string::npos) return line;
  nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return line;
  object.erase("import");
  return object.dump();
}

size_t CountDigits(absl::string_view text) {
  size_t count = 0;
  while (count < text.size() && absl::ascii_isdigit(text[count])) ++count;
  return count;
}

}  // namespace

bool IsRoundedNumber(absl::string_view cell) {
  if (cell.size() < 5 || CountDigits(cell) != 1 || (cell[1] != '.' && cell[1] != ',')) return false;
  cell.remove_prefix(2);
  const size_t fraction = CountDigits(cell);
  cell.remove_prefix(fraction);
  return fraction > 0 && cell.size() > 2 && absl::ascii_toupper(cell[0]) == 'E' && cell[1] == '+' &&
         CountDigits(cell.substr(2)) == cell.size() - 2;
}

absl::StatusOr<RowRequests> RowRequests::Create(const Method& method, const RowReader& reader, InputFormat format,
                                                const RequestOptions& options) {
  RowRequests requests(method, format, options.keep_rounded_numbers);
  if (format == InputFormat::kCsv) {
    absl::StatusOr<std::vector<Column>> columns =
        MapColumns(reader.titles(), *method.request.GetDescriptor(), options.columns);
    if (!columns.ok()) return columns.status();
    requests.columns_ = *std::move(columns);
  } else if (!options.columns.map.empty()) {
    return absl::InvalidArgumentError("--map is for CSV: NDJSON names its fields itself");
  }
  if (const absl::Status added = requests.AddConstants(options); !added.ok()) return added;
  return requests;
}

absl::StatusOr<RowRequests::Constant> RowRequests::MakeConstant(const std::string& name,
                                                                const std::string& value) const {
  const FieldDescriptor* field = FindField(*method_->request.GetDescriptor(), name);
  if (field == nullptr) return NoSuchField(*method_->request.GetDescriptor(), name);
  if (field->name() == "request_id") {
    return absl::InvalidArgumentError("--set: request_id differs for each row, so that it cannot be a constant");
  }
  if (!IsUtf8(value)) {
    return absl::InvalidArgumentError(absl::StrCat("the value for ", field->name(), " is not UTF-8"));
  }
  return Constant(field, value);
}

absl::Status RowRequests::AddConstants(const RequestOptions& options) {
  for (const auto& [name, value] : options.constants) {
    absl::StatusOr<Constant> constant = MakeConstant(name, value);
    if (!constant.ok()) return constant.status();
    const auto fills = [&](const Column& column) { return column.field == constant->first; };
    const auto column = std::find_if(columns_.begin(), columns_.end(), fills);
    if (column != columns_.end()) {
      return absl::InvalidArgumentError(absl::StrCat(constant->first->name(), " is given twice: as a constant, and by ",
                                                     DescribeColumn(column - columns_.begin(), column->title)));
    }
    constants_.push_back(*std::move(constant));
  }
  for (const auto& [name, value] : options.defaults) {
    absl::StatusOr<Constant> constant = MakeConstant(name, value);
    if (!constant.ok()) return constant.status();
    constants_.push_back(*std::move(constant));
  }
  return absl::OkStatus();
}

void RowRequests::FillFromCells(const Row& row, Message* request, std::vector<Problem>* problems) const {
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& cell = row.cells[i];
    if (cell.empty()) continue;
    if (i >= columns_.size() || columns_[i].title.empty()) {
      problems->push_back(
          {row.number, DescribeColumn(i, ""),
           "has text, but the header has no title there; is a cell with the separator in it not quoted?"});
      return;
    }
    const FieldDescriptor* field = columns_[i].field;
    if (field == nullptr) continue;
    if (!IsUtf8(cell)) {
      problems->push_back({row.number, DescribeColumn(i, columns_[i].title), kNotUtf8});
    } else if (!keep_rounded_numbers_ && IsRoundedNumber(cell)) {
      problems->push_back({row.number, DescribeColumn(i, columns_[i].title), kRounded});
    } else {
      SetText(request, field, cell);
    }
  }
}

void RowRequests::FillFromLine(const Row& row, Message* request, std::vector<Problem>* problems) const {
  const absl::StatusOr<nlohmann::json> object =
      ParseRequestJson(WithoutResult(row.cells.front()), *request->GetDescriptor());
  absl::Status status = object.status();
  if (status.ok()) status = FillFromJson(*object, *request);
  if (!status.ok()) problems->push_back({row.number, "", std::string(status.message())});
}

std::string RowRequests::PlaceOf(const std::string& field) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].field != nullptr && columns_[i].field->name() == field) return DescribeColumn(i, columns_[i].title);
  }
  return absl::StrCat("field ", field);
}

std::unique_ptr<Message> RowRequests::Make(const Row& row, std::vector<Problem>* problems) const {
  std::unique_ptr<Message> request(method_->request.New());
  const size_t before = problems->size();
  if (format_ == InputFormat::kCsv) {
    FillFromCells(row, request.get(), problems);
  } else {
    FillFromLine(row, request.get(), problems);
  }
  for (const auto& [field, value] : constants_) {
    if (!IsSet(*request, field)) SetText(request.get(), field, value);
  }
  // A cell that cannot be read has been told; that its field is missing then is no second problem.
  if (problems->size() > before) return request;
  for (const FieldViolation& violation : method_->canonicalize(request.get())) {
    problems->push_back({row.number, PlaceOf(violation.field), violation.description});
  }
  return request;
}

}  // namespace interaction::cli::import
