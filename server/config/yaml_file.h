#pragma once

#include <string>
#include <vector>

#include "server/config/keys.h"
#include "server/config/setting.h"

namespace interaction::config {

// Reads the YAML file into `settings`, in the order of the file, and reports everything wrong with its form to
// `problems`: syntax, unknown keys, keys given twice, a map in place of a text. The origin of a setting is "file:line".
// An empty file is fine. The only place that knows yaml-cpp.
void ReadYamlFile(const std::string& file, const KeyIndex& keys, std::vector<Setting>* settings, Problems* problems);

}  // namespace interaction::config
