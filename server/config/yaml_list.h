#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/config/setting.h"

namespace interaction::config {

// A YAML file that is one list of entries, each a map of texts and lists of texts:
//
//   callers:
//     - name: billing
//       rpcs: [CreateVspInteraction]
struct YamlList {
  std::string name;                        // "callers"
  std::vector<std::string> text_fields;    // "name"
  std::vector<std::string> list_fields;    // "rpcs"
  std::vector<std::string> needed_fields;  // among them
};

struct YamlEntry {
  std::string origin;                                      // "policy.yaml:12"
  std::map<std::string, std::vector<std::string>> values;  // by field; of a text, one

  // The value of a text field; "": not given.
  std::string Text(const std::string& field) const;
  // The values of a list field; empty: not given.
  std::vector<std::string> List(const std::string& field) const;
  bool Has(const std::string& field) const { return values.count(field) != 0; }
};

// Reads the file and reports everything that is not of that form, under the file's own lines; entries with mistakes are
// left out.
std::vector<YamlEntry> ReadYamlList(const std::string& file, const YamlList& form, Problems* problems);

}  // namespace interaction::config
