#include "server/tls/session_cache.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::tls {
namespace {

TEST(SessionCacheTest, GivesTheNewestOnce) {
  SessionCache cache;
  SSL_SESSION* const first = SSL_SESSION_new();
  SSL_SESSION* const second = SSL_SESSION_new();
  cache.Put(Session(first));
  cache.Put(Session(second));
  const Session taken = cache.Take();
  EXPECT_EQ(taken.get(), second);
  const Session older = cache.Take();
  EXPECT_EQ(older.get(), first);
  EXPECT_EQ(cache.Take(), nullptr);
}

TEST(SessionCacheTest, ForgetsTheOldestBeyondItsLimit) {
  SessionCache cache;
  SSL_SESSION* const oldest = SSL_SESSION_new();
  SSL_SESSION_up_ref(oldest);
  const Session kept(oldest);  // so that its address is not used again
  cache.Put(Session(oldest));
  for (size_t i = 0; i < SessionCache::kMaxSessions; ++i) cache.Put(Session(SSL_SESSION_new()));
  size_t count = 0;
  while (const Session session = cache.Take()) {
    EXPECT_NE(session.get(), oldest);
    ++count;
  }
  EXPECT_EQ(count, SessionCache::kMaxSessions);
}

}  // namespace
}  // namespace interaction::tls
