#include "server/config/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/config/files.h"

namespace interaction::config {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

// What kind of node it is, worded to follow "is".
absl::string_view Kind(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "a text" : "empty";
}

// Characters at the start of a value that have a meaning in YAML.
constexpr absl::string_view kSpecial = "[{*&!|>%@`";

// Advice for a line that YAML cannot parse, if its value begins with such a character: "; in quotes, ...". The parser
// reports an unclosed value on the next line, so the line before is looked at, too.
std::string QuoteHint(absl::string_view text, int line) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (int i = std::min<int>(line, static_cast<int>(lines.size()) - 1); i >= std::max(line - 1, 0); --i) {
    const size_t colon = lines[i].find(": ");
    if (colon == absl::string_view::npos) continue;
    const absl::string_view value = absl::StripAsciiWhitespace(lines[i].substr(colon + 1));
    if (value.empty() || !absl::StrContains(kSpecial, value.front())) continue;
    return absl::StrCat("; quote a value that begins with ", value.substr(0, 1), R"(, as in listen: "[::]:50051")");
  }
  return "";
}

// Walks the tree along the table of keys and ignores everything below an unknown key, such as secrets, or aliases that
// multiply. May throw YAML::Exception.
class Walker {
 public:
  Walker(const std::string& file, const KeyIndex& keys, std::vector<Setting>* settings, Problems* problems)
      : file_(file), keys_(keys), settings_(settings), problems_(problems) {}

  void WalkRoot(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!root.IsMap()) return Expected(root, Origin(root), "", "sections of keys");
    for (const auto& [path, value] : Entries(root, "")) {
      if (keys_.IsSection(path.text)) {
        WalkSection(path.text, path.origin, value);
      } else {
        WalkValue(path.text, path.origin, value);  // "server.listen: ..." at the top is the same key
      }
    }
  }

 private:
  struct Path {
    std::string text;
    std::string origin;
  };

  std::string Origin(const YAML::Node& node) const { return absl::StrCat(file_, ":", node.Mark().line + 1); }

  void Expected(const YAML::Node& node, const std::string& origin, const std::string& path, absl::string_view form) {
    problems_->Add(origin, path, absl::StrCat("is ", Kind(node), ", not ", form));
  }

  // The entries of a map with their paths. An entry without a plain name, and one that is repeated, is reported and
  // left out.
  std::vector<std::pair<Path, YAML::Node>> Entries(const YAML::Node& map, const std::string& prefix) {
    std::vector<std::pair<Path, YAML::Node>> entries;
    for (const auto& entry : map) {
      const std::string origin = Origin(entry.first);
      if (!entry.first.IsScalar()) {
        problems_->Add(origin, prefix, "has an entry whose name is not a plain text");
        continue;
      }
      const std::string path = absl::StrCat(prefix, prefix.empty() ? "" : ".", entry.first.Scalar());
      const auto [first, is_new] = seen_.emplace(path, origin);
      if (is_new) {
        entries.push_back({{path, origin}, entry.second});
      } else {
        problems_->Add(origin, path, absl::StrCat("is given twice; the first is at ", first->second));
      }
    }
    return entries;
  }

  void WalkSection(const std::string& section, const std::string& origin, const YAML::Node& node) {
    if (node.IsNull()) return;  // a section whose keys are all commented out
    if (!node.IsMap()) return Expected(node, origin, section, "a section of keys");
    for (const auto& [path, value] : Entries(node, section)) WalkValue(path.text, path.origin, value);
  }

  void WalkValue(const std::string& path, const std::string& origin, const YAML::Node& node) {
    const Key* key = keys_.Find(path, nullptr);
    if (key == nullptr) return problems_->Add(origin, path, keys_.Unknown(path));
    if (key->shape == Key::Shape::kList) return WalkList(*key, origin, node);
    if (key->shape == Key::Shape::kMap && key->path == path) return WalkMap(*key, origin, node);
    if (!node.IsScalar()) return Expected(node, origin, path, key->form);
    settings_->push_back({path, origin, {node.Scalar()}});
  }

  void WalkList(const Key& key, const std::string& origin, const YAML::Node& node) {
    if (!node.IsSequence() && !node.IsNull()) return Expected(node, origin, key.path, key.form);
    Setting setting{key.path, origin, {}};
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) return Expected(item, Origin(item), key.path, "a text");
      setting.values.push_back(item.Scalar());
    }
    settings_->push_back(std::move(setting));
  }

  void WalkMap(const Key& key, const std::string& origin, const YAML::Node& node) {
    if (!node.IsMap() && !node.IsNull()) return Expected(node, origin, key.path, key.form);
    for (const auto& [path, value] : Entries(node, key.path)) {
      if (!value.IsScalar()) {
        Expected(value, path.origin, path.text, "a text");
      } else {
        settings_->push_back({path.text, path.origin, {value.Scalar()}});
      }
    }
  }

  const std::string& file_;
  const KeyIndex& keys_;
  std::vector<Setting>* settings_;
  Problems* problems_;
  std::map<std::string, std::string> seen_;  // path -> origin
};

}  // namespace

void ReadYamlFile(const std::string& file, const KeyIndex& keys, std::vector<Setting>* settings, Problems* problems) {
  const absl::StatusOr<std::string> text = ReadFile(file, kMaxFileBytes);
  if (!text.ok()) return problems->Add("", "", text.status().message());
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(*text);
    if (documents.size() > 1) return problems->Add(file, "", "contains more than one YAML document");
    if (!documents.empty()) Walker(file, keys, settings, problems).WalkRoot(documents.front());
  } catch (const YAML::Exception& error) {
    problems->Add(absl::StrCat(file, ":", error.mark.line + 1, ":", error.mark.column + 1), "",
                  absl::StrCat(error.msg, QuoteHint(*text, error.mark.line)));
  } catch (const std::exception&) {
    problems->Add(file, "", "cannot be read as YAML");
  }
}

}  // namespace interaction::config
