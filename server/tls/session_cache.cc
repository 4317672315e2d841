#include "server/tls/session_cache.h"

#include <utility>

namespace interaction::tls {

void SessionCache::Put(Session session) {
  if (sessions_.size() == kMaxSessions) sessions_.pop_front();
  sessions_.push_back(std::move(session));
}

Session SessionCache::Take() {
  if (sessions_.empty()) return nullptr;
  Session newest = std::move(sessions_.back());
  sessions_.pop_back();
  return newest;
}

}  // namespace interaction::tls
