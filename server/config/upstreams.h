#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/config/config.h"

namespace interaction::config {

// One upstream of a configuration, which must outlive it.
struct ConfiguredUpstream {
  std::string section;          // where its keys are
  absl::string_view path;       // of the API, which the gateway adds to the base URL
  const std::string& base_url;  // may contain {server}
  const Upstream& options;
};

// Every upstream of the configuration. Whatever applies to all of them walks this list, so that it cannot forget one.
std::vector<ConfiguredUpstream> Upstreams(const Config& config);

}  // namespace interaction::config
