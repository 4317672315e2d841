#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/config/config.h"

namespace interaction::config {

// Where a configuration comes from. Later sources win: key by key, lists as a whole, maps entry by entry.
struct Sources {
  std::string file;  // YAML; "": none

  // All variables, as name and value; those that do not start with INTERACTION_ are ignored. The others must be a key
  // (INTERACTION_SERVER__LISTEN, INTERACTION_WOLKVOX__TOKEN_FILES__0042), INTERACTION_CONFIG, which names the file and
  // is read by main(), one of interactionctl's, or one that Kubernetes sets for a Service of that name
  // (INTERACTION_GATEWAY_SERVICE_HOST, INTERACTION_GATEWAY_PORT=tcp://...).
  std::vector<std::pair<std::string, std::string>> environment;

  std::vector<std::string> sets;  // "server.listen=[::1]:50051", "wolkvox.token_files.0042=/run/secrets/token"
};

// Reports what is wrong with a key: "egress.ca_file", "cannot be used".
using Complain = std::function<void(const std::string& path, absl::string_view what)>;

// Reports values that have the right form and still cannot work.
using MoreChecks = std::function<void(const Config& config, const Complain& complain)>;

// Reads and checks the configuration, and reads the secrets from their files, so that a server that starts can serve.
// Relative paths are relative to the working directory. Blocks on files; call it at start and at reload, from any
// thread but a lane's.
//
// INVALID_ARGUMENT lists every mistake, one line each: where it is, which key, what is wrong, and what is allowed. No
// line repeats a secret.
//
//   config.yaml:12: seethepro.wire_format: "jsn" is not one of json, xml, form
//   INTERACTION_SERVER__LANES: server.lanes: "many" is not a whole number from 0 to 1024
//
// `check` (may be null) runs last, for mistakes that only the code which uses a value can find.
absl::StatusOr<Config> Load(const Sources& sources, const MoreChecks& check = nullptr);

}  // namespace interaction::config
