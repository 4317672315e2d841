#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"

namespace interaction::config {

// The configuration in effect as YAML that Load() reads again. Secrets appear as the files they came from; the user and
// password of a proxy are replaced by "***".
std::string Describe(const Config& config);

// The same, key by key: {"server.listen", "127.0.0.1:50051"}, with values as YAML on one line.
std::vector<std::pair<std::string, std::string>> Values(const Config& config);

// The files that the configuration names, each with its key: {"admin.token_file", "/run/secrets/admin"}.
std::vector<std::pair<std::string, std::string>> Files(const Config& config);

// All keys with their defaults as YAML, each under a comment that says what it does, which values it takes and which
// environment variable sets it: the content of config/interaction-server.example.yaml.
std::string Reference();

}  // namespace interaction::config
