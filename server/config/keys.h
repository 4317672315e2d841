#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/config/config.h"

namespace interaction::config {

// Describes one key. The table of keys is the only place that ties a path to a member of Config: loading, printing, the
// example file and the suggestions for misspelled keys all use it.
struct Key {
  enum class Shape {
    kScalar,  // one text
    kList,    // a YAML sequence; "a,b" in a variable or flag
    kMap,     // a YAML map of texts; path.name=value in a variable or flag
  };

  std::string path;  // "server.listen"
  Shape shape = Shape::kScalar;
  std::string form;  // the values it takes, worded to follow "is not": "true or false"
  std::string doc;   // one line

  // Sets the member from `values` (one; for a list, any number). `name` is the entry of a map, otherwise "". The error
  // message is the end of a line: "\"yes\" is not true or false".
  std::function<absl::Status(absl::string_view name, absl::Span<const std::string> values, Config& config)> set;

  // The value as YAML on one line.
  std::function<std::string(const Config& config)> format;

  // Copies the value.
  std::function<void(const Config& from, Config& to)> copy;

  // The files that the value names; null: none.
  std::function<std::vector<std::string>(const Config& config)> files;

  bool needs_restart = false;  // a reload does not change it
};

// A group of keys: those that share the part before the first dot.
struct Section {
  std::string name;
  std::string doc;
  std::vector<Key> keys;  // of this section, in the order in which they are printed
};

// The table.
std::vector<Section> Sections();

// Finds keys in the table by path.
class KeyIndex {
 public:
  explicit KeyIndex(const std::vector<Section>& sections);  // `sections` outlives it

  bool IsSection(absl::string_view path) const;

  // The key of that path, or the map key that contains it as an entry; `name` (may be null) receives the name of the
  // entry. Null if there is neither.
  const Key* Find(absl::string_view path, std::string* name) const;

  // "is not a key", with the most similar path if one is similar enough.
  std::string Unknown(absl::string_view path) const;

  // The same for an environment variable: "INTERACTION_SERVER_PORT".
  std::string UnknownVariable(absl::string_view variable) const;

 private:
  std::string NearestTo(absl::string_view path) const;

  const std::vector<Section>& sections_;
};

// "server.listen" -> "INTERACTION_SERVER__LISTEN".
std::string EnvironmentName(absl::string_view path);

}  // namespace interaction::config
