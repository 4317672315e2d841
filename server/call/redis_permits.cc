#include "server/call/redis_permits.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/redis/script.h"

namespace interaction::call {
namespace {

using redis::Reply;

// KEYS: holders, born. ARGV: holder, limit, lease in ms, settle_in in ms. Answers 1 or 0. A holder that asks again,
// since it did not hear the answer, has its permit. A birth that lies ahead tells that Redis' clock was set back.
constexpr char kAcquireScript[] = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local born = tonumber(redis.call('GET', KEYS[2]) or '')
if not born or born > now then
  redis.call('SET', KEYS[2], now)
  born = now
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  if now - born < tonumber(ARGV[4]) then return 0 end
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return 1
)lua";

// KEYS: holders, born. ARGV: a holder and its lease in ms, and so on; none only sees to the birth.
constexpr char kRenewScript[] = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('SET', KEYS[2], now, 'NX')
for i = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], now + ARGV[i + 1], ARGV[i]) end
if #ARGV > 0 then redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]) end
return 1
)lua";

// For how long the release of a permit is repeated of which Redis did not say whether it was given.
constexpr absl::Duration kDoubtfulLease = absl::Minutes(1);

constexpr char kBornKey[] = "sem:1:born";

std::string HoldersKey(const std::string& key) { return absl::StrCat("sem:1:{", absl::BytesToHexString(key), "}"); }

std::string Milliseconds(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }

}  // namespace

class RedisPermits::Table : public std::enable_shared_from_this<Table> {
 public:
  Table(const RedisPermitsOptions& options, redis::Client* client) : options_(options), client_(client) {}

  void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                  absl::AnyInvocable<void(absl::StatusOr<bool>) &&> done);
  void Release(std::string key, std::string holder);
  void RenewAll();

 private:
  using Holders = std::map<std::string, absl::Duration>;  // with their leases

  void Remove(const std::string& key, const std::string& holder, absl::Duration repeat_for);

  const RedisPermitsOptions options_;
  redis::Client* const client_;
  const redis::Script acquire_{kAcquireScript};
  const redis::Script renew_{kRenewScript};
  // Commands of one holder are given to the client with the lock held, so that they reach Redis in the order in which
  // the table changed: a renewal after a release would hold the permit for a lease without anybody to use it.
  std::mutex mutex_;
  std::map<std::string, Holders> held_;  // by key; guarded by mutex_
};

void RedisPermits::Table::TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                                     absl::AnyInvocable<void(absl::StatusOr<bool>) &&> done) {
  std::vector<std::string> keys = {HoldersKey(key), kBornKey};
  std::vector<std::string> args = {holder, absl::StrCat(limit), Milliseconds(lease), Milliseconds(options_.settle_in)};
  acquire_.Run(client_, std::move(keys), std::move(args),
               [self = shared_from_this(), key = std::move(key), holder = std::move(holder), lease,
                done = std::move(done)](absl::StatusOr<Reply> reply) mutable {
                 if (!reply.ok()) {
                   return std::move(done)(absl::UnavailableError("the store of permits did not answer"));
                 }
                 const bool given = reply->integer == 1;
                 if (given) {
                   const std::scoped_lock lock(self->mutex_);
                   self->held_[key][holder] = lease;
                 }
                 std::move(done)(given);
               });
}

void RedisPermits::Table::Release(std::string key, std::string holder) {
  const std::scoped_lock lock(mutex_);
  absl::Duration lease = kDoubtfulLease;
  if (const auto held = held_.find(key); held != held_.end()) {
    const auto it = held->second.find(holder);
    if (it != held->second.end()) {
      lease = it->second;
      held->second.erase(it);
    }
    if (held->second.empty()) held_.erase(held);
  }
  Remove(key, holder, lease);
}

void RedisPermits::Table::Remove(const std::string& key, const std::string& holder, absl::Duration repeat_for) {
  client_->Run({"ZREM", HoldersKey(key), holder},
               [weak = weak_from_this(), key, holder, repeat_for](const absl::StatusOr<Reply>& reply) {
                 const auto self = weak.lock();
                 if (reply.ok() || self == nullptr || repeat_for <= absl::ZeroDuration()) return;
                 const absl::Duration wait = self->options_.renew_every;
                 self->client_->After(wait, [weak, key, holder, left = repeat_for - wait] {
                   if (const auto again = weak.lock()) again->Remove(key, holder, left);
                 });
               });
}

void RedisPermits::Table::RenewAll() {
  {
    const std::scoped_lock lock(mutex_);
    const auto renew = [this](const std::string& key, std::vector<std::string> args) {
      renew_.Run(client_, {key, kBornKey}, std::move(args),
                 [self = shared_from_this()](const absl::StatusOr<Reply>&) {});  // the next one makes good for it
    };
    for (const auto& [key, holders] : held_) {
      std::vector<std::string> args;
      for (const auto& [holder, lease] : holders) args.insert(args.end(), {holder, Milliseconds(lease)});
      renew(HoldersKey(key), std::move(args));
    }
    if (held_.empty()) renew(HoldersKey(""), {});
  }
  client_->After(options_.renew_every, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->RenewAll();
  });
}

RedisPermits::RedisPermits(const RedisPermitsOptions& options, redis::Client* client)
    : table_(std::make_shared<Table>(options, client)) {
  table_->RenewAll();
}

RedisPermits::~RedisPermits() = default;

void RedisPermits::TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                              absl::AnyInvocable<void(absl::StatusOr<bool>) &&> done) {
  table_->TryAcquire(std::move(key), std::move(holder), limit, lease, std::move(done));
}

void RedisPermits::Release(std::string key, std::string holder) { table_->Release(std::move(key), std::move(holder)); }

}  // namespace interaction::call
