#include "server/config/upstreams.h"

namespace interaction::config {

std::vector<ConfiguredUpstream> Upstreams(const Config& config) {
  return {
      {"seethepro", "api/vspinteraction/create", config.seethepro.base_url, config.seethepro.upstream},
      {"wolkvox", "api/v2/configuration.php", config.wolkvox.base_url, config.wolkvox.upstream},
  };
}

}  // namespace interaction::config
