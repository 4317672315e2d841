#include "server/config/yaml_list.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/config/files.h"
#include "server/config/values.h"

namespace interaction::config {
namespace {

constexpr size_t kMaxListBytes = 1 << 20;

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// May throw YAML::Exception.
class Reader {
 public:
  Reader(const std::string& file, const YamlList& form, Problems* problems)
      : file_(file), form_(form), problems_(problems) {}

  std::vector<YamlEntry> Read(const YAML::Node& root) {
    const bool is_alone = root.IsMap() && root.size() == 1;
    if (!is_alone || !root[form_.name] || !root[form_.name].IsSequence()) {
      problems_->Add(file_, "", absl::StrCat("is not a map with the one key ", form_.name, ", which is a list"));
      return {};
    }
    std::vector<YamlEntry> entries;
    for (const YAML::Node& node : root[form_.name]) {
      const std::string path = absl::StrCat(form_.name, "[", count_++, "]");
      if (auto entry = ReadEntry(node, path)) entries.push_back(*std::move(entry));
    }
    return entries;
  }

 private:
  std::string Origin(const YAML::Node& node) const { return absl::StrCat(file_, ":", node.Mark().line + 1); }

  std::optional<YamlEntry> ReadEntry(const YAML::Node& node, const std::string& path) {
    YamlEntry entry{.origin = Origin(node), .values = {}};
    bool valid = node.IsMap();
    if (!valid) problems_->Add(entry.origin, path, "is not a map of fields");
    for (const auto& field : node) {
      if (valid) valid = ReadField(field.first, field.second, path, &entry) && valid;
    }
    for (const std::string& field : form_.needed_fields) {
      if (!valid || entry.Has(field)) continue;
      problems_->Add(entry.origin, path, absl::StrCat("has no ", field));
      valid = false;
    }
    return valid ? std::optional(std::move(entry)) : std::nullopt;
  }

  bool ReadField(const YAML::Node& name, const YAML::Node& value, const std::string& path, YamlEntry* entry) {
    const std::string field = name.IsScalar() ? name.Scalar() : "";
    const std::string full = absl::StrCat(path, ".", field);
    const auto complain = [&](absl::string_view what) {
      problems_->Add(Origin(name), full, what);
      return false;
    };
    if (entry->Has(field)) return complain("is given twice");
    if (Contains(form_.text_fields, field)) {
      if (!value.IsScalar() || value.Scalar().empty()) return complain("is not a text");
      entry->values[field] = {value.Scalar()};
      return true;
    }
    if (!Contains(form_.list_fields, field)) return complain(Unknown());
    std::vector<std::string> texts;
    for (const YAML::Node& each : value) {
      if (value.IsSequence() && each.IsScalar()) texts.push_back(each.Scalar());
    }
    if (!value.IsSequence() || texts.size() != value.size() || texts.empty()) {
      return complain("is not a list of texts, with at least one");
    }
    entry->values[field] = std::move(texts);
    return true;
  }

  std::string Unknown() const {
    std::vector<std::string> fields = form_.text_fields;
    fields.insert(fields.end(), form_.list_fields.begin(), form_.list_fields.end());
    return absl::StrCat("is not a field; the fields are ", absl::StrJoin(fields, ", "));
  }

  const std::string& file_;
  const YamlList& form_;
  Problems* const problems_;
  int count_ = 0;
};

}  // namespace

std::string YamlEntry::Text(const std::string& field) const {
  const auto found = values.find(field);
  return found == values.end() ? "" : found->second.front();
}

std::vector<std::string> YamlEntry::List(const std::string& field) const {
  const auto found = values.find(field);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::vector<YamlEntry> ReadYamlList(const std::string& file, const YamlList& form, Problems* problems) {
  const absl::StatusOr<std::string> text = ReadFile(file, kMaxListBytes);
  if (!text.ok()) {
    problems->Add("", "", text.status().message());
    return {};
  }
  try {
    return Reader(file, form, problems).Read(YAML::Load(*text));
  } catch (const YAML::Exception& error) {
    problems->Add(absl::StrCat(file, ":", error.mark.line + 1, ":", error.mark.column + 1), "", error.msg);
  } catch (const std::exception&) {
    problems->Add(file, "", "cannot be read as YAML");
  }
  return {};
}

}  // namespace interaction::config
