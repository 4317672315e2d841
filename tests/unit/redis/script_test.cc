#include "server/redis/script.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/await.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::Await;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;
using ::interaction::testing::StatusIs;
using ::testing::Field;
using ::testing::HasSubstr;

class ScriptTest : public ::testing::Test {
 protected:
  absl::StatusOr<Reply> Run(const Script& script, std::vector<std::string> keys, std::vector<std::string> args) {
    return Await<absl::StatusOr<Reply>>(
        [&](auto done) { script.Run(client_.get(), std::move(keys), std::move(args), std::move(done)); });
  }

  RedisServer server_;
  RedisClient client_{server_.client_options()};
};

TEST_F(ScriptTest, RunsWithKeysAndArguments) {
  const Script script("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1]) .. ARGV[2]");
  EXPECT_THAT(Run(script, {"key"}, {"a", "b"}), IsOkAndHolds(Field(&Reply::text, "ab")));
}

TEST_F(ScriptTest, IsSentWholeOnlyOnce) {
  const Script script("return 7");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Run(script, {}, {}), IsOkAndHolds(Field(&Reply::integer, 7)));
  EXPECT_THAT(server_.Run({"INFO", "commandstats"}), HasSubstr("cmdstat_eval:calls=1,"));
}

TEST_F(ScriptTest, RunsAfterRedisForgotIt) {
  const Script script("return 7");
  EXPECT_THAT(Run(script, {}, {}), IsOkAndHolds(Field(&Reply::integer, 7)));
  server_.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(Run(script, {}, {}), IsOkAndHolds(Field(&Reply::integer, 7)));
}

TEST_F(ScriptTest, ReportsAnErrorOfACommandWithItsWord) {
  server_.Run({"SET", "key", "text"});
  const Script script("return redis.call('HGET', KEYS[1], 'field')");
  EXPECT_THAT(Run(script, {"key"}, {}), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("WRONGTYPE")));
}

}  // namespace
}  // namespace interaction::redis
