#include "server/config/describe.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/config/keys.h"

namespace interaction::config {
namespace {

constexpr char kPreamble[] =
    R"(# Every key of interaction-server with its default. A file needs only the keys that differ.
#
# An environment variable (its name stands with each key) wins over the file, a flag --set path=value over both:
#   interaction-server --config config.yaml --set server.listen=[::1]:50051
# In a variable or flag, a list is written a,b and an entry of a map as path.name=value:
#   --set wolkvox.allowed_servers=0042,0100 --set wolkvox.token_files.0042=/run/secrets/wolkvox-0042
)";

std::string Line(const Section& section, const Key& key, const Config& config) {
  return absl::StrCat("  ", absl::StripPrefix(key.path, section.name + "."), ": ", key.format(config), "\n");
}

// The name of the variable; for a map, of one of its entries.
std::string Variable(const Key& key) {
  return absl::StrCat(EnvironmentName(key.path), key.shape == Key::Shape::kMap ? "__<NAME>" : "");
}

}  // namespace

std::string Describe(const Config& config) {
  std::string text;
  for (const Section& section : Sections()) {
    absl::StrAppend(&text, section.name, ":\n");
    for (const Key& key : section.keys) text += Line(section, key, config);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> Values(const Config& config) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) values.emplace_back(key.path, key.format(config));
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> Files(const Config& config) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      if (key.files == nullptr) continue;
      for (std::string& file : key.files(config)) {
        if (!file.empty()) files.emplace_back(key.path, std::move(file));
      }
    }
  }
  return files;
}

std::string Reference() {
  std::string text = kPreamble;
  for (const Section& section : Sections()) {
    absl::StrAppend(&text, "\n# ", section.doc, "\n", section.name, ":\n");
    for (const Key& key : section.keys) {
      absl::StrAppend(&text, "  # ", key.doc, key.needs_restart ? " A change takes a restart." : "", "\n  # ",
                      Variable(key), ": ", key.form, ".\n");
      text += Line(section, key, Config{});
    }
  }
  return text;
}

}  // namespace interaction::config
