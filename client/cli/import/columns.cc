#include "client/cli/import/columns.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/import/row_reader.h"
#include "client/cli/output.h"
#include "client/cli/suggest.h"

namespace interaction::cli::import {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// "Interaction Name", "interaction_name" and "InteractionName" are the same title. Letters outside ASCII count; a
// no-break space, which spreadsheets like, does not.
std::string Normalized(absl::string_view title) {
  std::string result;
  for (size_t i = 0; i < title.size(); ++i) {
    if (title.substr(i, 2) == "\xc2\xa0") {
      ++i;
    } else if (absl::ascii_isalnum(title[i]) || (static_cast<unsigned char>(title[i]) >= 0x80)) {
      result.push_back(absl::ascii_tolower(title[i]));
    }
  }
  return result;
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

const FieldDescriptor* FieldOfTitle(const Descriptor& type, const std::string& title) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (Normalized(type.field(i)->name()) == title) return type.field(i);
  }
  return nullptr;
}

// The nearest field to a title that fits none: by its letters alone, since it may be written in any way.
std::string Nearest(const Descriptor& type, const std::string& title) {
  std::map<std::string, std::string> names;
  std::vector<std::string> candidates;
  for (const std::string& name : FieldNames(type)) {
    names[Normalized(name)] = name;
    candidates.push_back(Normalized(name));
  }
  // "Identity" is short for interaction_identity.
  const auto contains = [&](const std::string& name) { return title.size() >= 4 && absl::StrContains(name, title); };
  const auto longer = std::find_if(candidates.begin(), candidates.end(), contains);
  const std::string closest = longer != candidates.end() ? *longer : ClosestTo(title, candidates);
  return closest.empty() ? "" : names[closest];
}

std::string DescribeUnknown(size_t index, const std::string& title, const Descriptor& type) {
  const std::string nearest = Nearest(type, Normalized(title));
  return absl::StrCat(DescribeColumn(index, title), " is no field of ", type.name(),
                      nearest.empty() ? absl::StrCat(", which has ", absl::StrJoin(FieldNames(type), ", "))
                                      : absl::StrCat("; did you mean '", nearest, "'?"),
                      " (--map '", Printable(title), "=", nearest.empty() ? "FIELD" : nearest,
                      "' fills it from this column, --map '", Printable(title), "=' leaves the column out)");
}

struct Mapping {
  const FieldDescriptor* field = nullptr;
  bool used = false;
};

}  // namespace

std::string DescribeColumn(size_t index, const std::string& title) {
  return absl::StrCat("column ", ColumnLetters(index), title.empty() ? "" : absl::StrCat(" '", Printable(title), "'"));
}

const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  return field != nullptr ? field : type.FindFieldByCamelcaseName(name);
}

absl::Status NoSuchField(const Descriptor& type, const std::string& name) {
  return absl::InvalidArgumentError(
      absl::StrCat("no field '", Printable(name), "' in ", type.name(), DidYouMean(name, FieldNames(type))));
}

absl::StatusOr<std::vector<Column>> MapColumns(const std::vector<std::string>& titles, const Descriptor& type,
                                               const MapOptions& options) {
  std::map<std::string, Mapping> given;  // by the title in normal form
  for (const auto& [title, name] : options.map) {
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr && !name.empty()) return NoSuchField(type, name);
    given[Normalized(title)] = {field};
  }
  std::vector<Column> columns;
  std::vector<std::string> errors;
  std::map<const FieldDescriptor*, size_t> filled;
  for (size_t i = 0; i < titles.size(); ++i) {
    const std::string title = Normalized(titles[i]);
    Column& column = columns.emplace_back(Column{titles[i]});
    if (const auto mapping = given.find(title); mapping != given.end()) {
      mapping->second.used = true;
      column.field = mapping->second.field;
    } else if (!title.empty() && !absl::StartsWithIgnoreCase(titles[i], kOwnColumnPrefix)) {
      column.field = FieldOfTitle(type, title);
      if (column.field == nullptr && !options.ignore_unknown_columns) {
        errors.push_back(DescribeUnknown(i, titles[i], type));
      }
    }
    if (column.field == nullptr) continue;
    const auto [other, is_new] = filled.emplace(column.field, i);
    if (is_new) continue;
    errors.push_back(absl::StrCat(DescribeColumn(other->second, titles[other->second]), " and ",
                                  DescribeColumn(i, titles[i]), " both fill ", column.field->name()));
  }
  for (const auto& [title, name] : options.map) {
    if (given[Normalized(title)].used) continue;
    errors.push_back(absl::StrCat("--map: no column is called '", Printable(title), "'", DidYouMean(title, titles)));
  }
  if (!errors.empty()) return absl::InvalidArgumentError(absl::StrCat("the header: ", absl::StrJoin(errors, "\n  ")));
  return columns;
}

}  // namespace interaction::cli::import
