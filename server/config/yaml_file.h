#pragma once

#include <string>
#include <vector>

#include "server/config/keys.h"
#include "server/config/setting.h"

namespace interaction::config {

// Reads the YAML file into `settings`, in the order of the file, and everything that is wrong with its form into
// `problems`: syntax, unknown keys, keys given twice, a map where a text belongs. The origin of a setting is
// "file:line". An empty file is fine. The only place that knows yaml-cpp.
void ReadYamlFile(const std::string& file, const KeyIndex& keys, std::vector<Setting>* settings, Problems* problems);

}  // namespace interaction::config
