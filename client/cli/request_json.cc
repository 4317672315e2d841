#include "client/cli/request_json.h"

#include <algorithm>
#include <string>
#include <vector>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/suggest.h"

namespace interaction::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

// The parser's own message quotes the text it stumbled over, so only the place is told.
absl::Status SyntaxError(absl::string_view text, size_t byte) {
  const absl::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return absl::InvalidArgumentError(absl::StrCat("not valid JSON at line ", line, ", column ", column));
}

absl::StatusOr<json> Parse(absl::string_view text) {
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::parse_error& error) {
    return SyntaxError(text, error.byte);
  }
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  return field != nullptr ? field : type.FindFieldByCamelcaseName(name);
}

}  // namespace

absl::StatusOr<json> ParseRequestJson(absl::string_view text, const Descriptor& type) {
  absl::StatusOr<json> parsed = Parse(text);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->is_object()) return absl::InvalidArgumentError("the JSON is not an object");
  json object = json::object();
  for (auto& [name, value] : parsed->items()) {
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("no field '", name, "' in ", type.name(), DidYouMean(name, FieldNames(type))));
    }
    if (object.contains(field->name())) {
      return absl::InvalidArgumentError(absl::StrCat("field '", field->name(), "' is given twice"));
    }
    object[field->name()] = std::move(value);
  }
  return object;
}

absl::Status FillFromJson(const json& object, google::protobuf::Message& request) {
  for (const auto& [name, value] : object.items()) {
    const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !value.is_string() && !value.is_null()) {
      return absl::InvalidArgumentError(absl::StrCat("field '", name, "' must be a string"));
    }
  }
  std::string text;
  try {
    text = object.dump();
  } catch (const json::type_error&) {  // what flags and files hold was not checked before
    return absl::InvalidArgumentError("a value is not valid UTF-8");
  }
  const auto status = google::protobuf::util::JsonStringToMessage(text, &request);
  if (!status.ok())
    return absl::InvalidArgumentError(absl::string_view(status.message().data(), status.message().size()));
  return absl::OkStatus();
}

}  // namespace interaction::cli
