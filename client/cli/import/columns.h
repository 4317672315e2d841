#pragma once

#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace interaction::cli::import {

// A column of the sheet, and the field that its cells fill; null: none.
struct Column {
  std::string title;
  const google::protobuf::FieldDescriptor* field = nullptr;
};

struct MapOptions {
  // --map TITLE=FIELD. An empty field: the column is not used.
  std::vector<std::pair<std::string, std::string>> map;
  bool ignore_unknown_columns = false;
};

// Columns that begin so are written into result files and not read: a corrected copy of such a file is an input again.
inline constexpr char kOwnColumnPrefix[] = "import_";

// Which field each column fills: the one that --map says, else the one whose name is the title apart from case, blanks
// and punctuation: "Interaction Name" -> interaction_name. INVALID_ARGUMENT names every column that fits no field, with
// the nearest, and every field that two columns fill.
absl::StatusOr<std::vector<Column>> MapColumns(const std::vector<std::string>& titles,
                                               const google::protobuf::Descriptor& type, const MapOptions& options);

// The field called `name` in the proto or in lowerCamel, or null; and the error about it.
const google::protobuf::FieldDescriptor* FindField(const google::protobuf::Descriptor& type, const std::string& name);
absl::Status NoSuchField(const google::protobuf::Descriptor& type, const std::string& name);

// "column C 'Account ID'".
std::string DescribeColumn(size_t index, const std::string& title);

}  // namespace interaction::cli::import
