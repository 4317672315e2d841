#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/config/keys.h"
#include "server/config/suggest.h"

namespace interaction::config {

KeyIndex::KeyIndex(const std::vector<Section>& sections) : sections_(sections) {}

bool KeyIndex::IsSection(absl::string_view path) const {
  for (const Section& section : sections_) {
    if (section.name == path) return true;
  }
  return false;
}

const Key* KeyIndex::Find(absl::string_view path, std::string* name) const {
  for (const Section& section : sections_) {
    for (const Key& key : section.keys) {
      absl::string_view rest = path;
      if (!absl::ConsumePrefix(&rest, key.path)) continue;
      if (rest.empty()) return &key;
      if (key.shape != Key::Shape::kMap || !absl::ConsumePrefix(&rest, ".")) continue;
      if (name) *name = std::string(rest);
      return &key;
    }
  }
  return nullptr;
}

std::string KeyIndex::NearestTo(absl::string_view path) const {
  std::vector<std::string> paths;
  for (const Section& section : sections_) {
    paths.push_back(section.name);
    for (const Key& key : section.keys) paths.push_back(key.path);
  }
  return Nearest(path, paths);
}

std::string KeyIndex::Unknown(absl::string_view path) const {
  if (IsSection(path)) return "is a section of keys, not a key";
  const std::string nearest = NearestTo(path);
  return nearest.empty() ? "is not a key" : absl::StrCat("is not a key; did you mean ", nearest, "?");
}

std::string KeyIndex::UnknownVariable(absl::string_view variable) const {
  const absl::string_view name = absl::StripPrefix(variable, "INTERACTION_");
  const std::string path = absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"__", "."}}));
  if (IsSection(path)) return "is a section of keys, not a key";
  const std::string nearest = NearestTo(path);
  const Key* const key = Find(nearest, nullptr);
  if (key == nullptr) return "is not the variable of a key; --print-config shows the keys";
  const bool is_map = key->shape == Key::Shape::kMap;
  return absl::StrCat("is not the variable of a key; did you mean ", EnvironmentName(nearest),
                      is_map ? "__<NAME>?" : "?");
}

std::string EnvironmentName(absl::string_view path) {
  return absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(absl::StrReplaceAll(path, {{".", "__"}})));
}

}  // namespace interaction::config
