#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace interaction::config {

// What a reload changes.
struct Changes {
  std::vector<std::string> reloaded;      // paths of keys with another value
  std::vector<std::string> need_restart;  // likewise, whose new value is not used until then
};

// Compares two configurations. The keys of `next` that need a restart get back the value that they have in `current`.
Changes Apply(const Config& current, Config* next);

// The files that a configuration names, without its own.
std::vector<std::string> FilesOf(const Config& config);

}  // namespace interaction::config
