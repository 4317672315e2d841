#include "server/config/changes.h"

#include "server/config/keys.h"

namespace interaction::config {

Changes Apply(const Config& current, Config* next) {
  Changes changes;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      if (key.format(current) == key.format(*next)) continue;
      (key.needs_restart ? changes.need_restart : changes.reloaded).push_back(key.path);
      if (key.needs_restart) key.copy(current, *next);
    }
  }
  return changes;
}

std::vector<std::string> FilesOf(const Config& config) {
  std::vector<std::string> files;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      if (!key.files) continue;
      for (std::string& file : key.files(config)) {
        if (!file.empty()) files.push_back(std::move(file));
      }
    }
  }
  return files;
}

}  // namespace interaction::config
