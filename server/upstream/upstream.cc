#include "server/upstream/upstream.h"

#include <utility>

namespace interaction::upstream {

std::shared_ptr<const Upstream> WithEndpoints(const std::shared_ptr<const Upstream>& upstream,
                                              std::vector<http::Endpoint*> endpoints) {
  auto connected = std::make_shared<Upstream>(*upstream);
  connected->endpoints = std::move(endpoints);
  return connected;
}

}  // namespace interaction::upstream
