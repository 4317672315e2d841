#include "server/limits/redis_permits.h"

#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/redis/script.h"

namespace interaction::limits {
namespace {

using Answer = SharedPermits::Answer;
using redis::Reply;

// KEYS: holders, born. ARGV: holder, limit, lease in ms, settle_in in ms. Answers 1 (given), 0 (taken) or 2 (settling).
// A holder that asks again, because it missed the answer, gets its permit. A time of birth in the future shows that
// Redis' clock was set back.
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
  if now - born < tonumber(ARGV[4]) then return 2 end
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return 1
)lua";

// KEYS: holders, born. ARGV: a holder, its lease in ms, and so on; without any, it only sets the time of birth.
constexpr char kRenewScript[] = R"lua(
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('SET', KEYS[2], now, 'NX')
for i = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], now + ARGV[i + 1], ARGV[i]) end
if #ARGV > 0 then redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]) end
return 1
)lua";

// How long to repeat the release of a permit if Redis did not say whether it was given.
constexpr absl::Duration kDoubtfulLease = absl::Minutes(1);

constexpr char kBornKey[] = "sem:1:born";

std::string HoldersKey(const std::string& key) { return absl::StrCat("sem:1:{", absl::BytesToHexString(key), "}"); }

std::string Milliseconds(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }

}  // namespace

// One report of all that is held: runs `done` when its last command has ended.
class RedisPermits::Telling {
 public:
  explicit Telling(absl::AnyInvocable<void(absl::Status) &&> done) : done_(std::move(done)) {}
  ~Telling() {
    std::move(done_)(failed_ ? absl::UnavailableError("the permit store did not answer") : absl::OkStatus());
  }

  void Ended(const absl::StatusOr<Reply>& reply) {
    if (!reply.ok()) failed_ = true;
  }

 private:
  absl::AnyInvocable<void(absl::Status) &&> done_;
  std::atomic<bool> failed_{false};
};

class RedisPermits::Table : public std::enable_shared_from_this<Table> {
 public:
  Table(const RedisPermitsOptions& options, redis::Client* client, telemetry::Logger* logger)
      : options_(options), client_(client), logger_(logger) {}

  void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                  absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done);
  void Hold(std::string key, std::string holder, absl::Duration lease);
  void Release(std::string key, std::string holder);
  void Tell(absl::AnyInvocable<void(absl::Status) &&> done);
  void TellForEver();

 private:
  struct Holding {
    absl::Duration lease;
    bool told = false;  // Redis may know of it
  };
  using Holders = std::map<std::string, Holding>;

  absl::StatusOr<Answer> OnAnswer(const std::string& key, const std::string& holder, absl::Duration lease,
                                  const absl::StatusOr<Reply>& reply);
  void Renew(const std::string& key, std::vector<std::string> args, std::shared_ptr<Telling> telling)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const std::string& key, const std::string& holder, absl::Duration repeat_for);

  const RedisPermitsOptions options_;
  redis::Client* const client_;
  telemetry::Logger* const logger_;
  const redis::Script acquire_{kAcquireScript};
  const redis::Script renew_{kRenewScript};
  std::atomic<bool> settling_{false};  // by Redis' last answer
  // Commands are passed to the client with the lock held, so that they reach Redis in the order in which the table
  // changed: a renewal after a release would keep an unused permit for a whole lease.
  Mutex mutex_;
  std::map<std::string, Holders> held_ ABSL_GUARDED_BY(mutex_);  // by key
};

void RedisPermits::Table::TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                                     absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) {
  std::vector<std::string> keys = {HoldersKey(key), kBornKey};
  std::vector<std::string> args = {holder, absl::StrCat(limit), Milliseconds(lease), Milliseconds(options_.settle_in)};
  acquire_.Run(
      client_, std::move(keys), std::move(args),
      [self = shared_from_this(), key = std::move(key), holder = std::move(holder), lease, done = std::move(done)](
          absl::StatusOr<Reply> reply) mutable { std::move(done)(self->OnAnswer(key, holder, lease, reply)); });
}

absl::StatusOr<Answer> RedisPermits::Table::OnAnswer(const std::string& key, const std::string& holder,
                                                     absl::Duration lease, const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return absl::UnavailableError("the permit store did not answer");
  const bool settling = reply->integer == 2;
  if (settling_.exchange(settling) != settling && settling) {
    logger_->Log(telemetry::LogLevel::kInfo,
                 "redis is empty: it gives no permits until replicas have reported those in use",
                 {{"seconds", absl::ToInt64Seconds(options_.settle_in)}});
  }
  if (settling) return Answer::kSettling;
  if (reply->integer != 1) return Answer::kTaken;
  const MutexLock lock(&mutex_);
  held_[key][holder] = {.lease = lease, .told = true};
  return Answer::kGiven;
}

void RedisPermits::Table::Hold(std::string key, std::string holder, absl::Duration lease) {
  const bool tell = client_->connected();
  const MutexLock lock(&mutex_);
  held_[key][holder] = {.lease = lease, .told = tell};
  if (tell) Renew(HoldersKey(key), {holder, Milliseconds(lease)}, nullptr);
}

void RedisPermits::Table::Release(std::string key, std::string holder) {
  const MutexLock lock(&mutex_);
  Holding holding = {.lease = kDoubtfulLease, .told = true};
  if (const auto held = held_.find(key); held != held_.end()) {
    const auto it = held->second.find(holder);
    if (it != held->second.end()) {
      holding = it->second;
      held->second.erase(it);
    }
    if (held->second.empty()) held_.erase(held);
  }
  if (holding.told) Remove(key, holder, holding.lease);
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

void RedisPermits::Table::Tell(absl::AnyInvocable<void(absl::Status) &&> done) {
  const auto telling = std::make_shared<Telling>(std::move(done));
  const MutexLock lock(&mutex_);
  for (auto& [key, holders] : held_) {
    std::vector<std::string> args;
    for (auto& [holder, holding] : holders) {
      args.insert(args.end(), {holder, Milliseconds(holding.lease)});
      holding.told = true;
    }
    Renew(HoldersKey(key), std::move(args), telling);
  }
  if (held_.empty()) Renew(HoldersKey(""), {}, telling);
}

// `args`: holders and their leases. `telling` may be null.
void RedisPermits::Table::Renew(const std::string& key, std::vector<std::string> args,
                                std::shared_ptr<Telling> telling) {
  renew_.Run(client_, {key, kBornKey}, std::move(args),
             [self = shared_from_this(), telling = std::move(telling)](const absl::StatusOr<Reply>& reply) {
               if (telling) telling->Ended(reply);
             });
}

void RedisPermits::Table::TellForEver() {
  Tell([](const absl::Status&) {});  // if it fails, the next one repeats it
  client_->After(options_.renew_every, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->TellForEver();
  });
}

RedisPermits::RedisPermits(const RedisPermitsOptions& options, redis::Client* client, telemetry::Logger* logger)
    : table_(std::make_shared<Table>(options, client, logger)) {
  table_->TellForEver();
}

RedisPermits::~RedisPermits() = default;

void RedisPermits::TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                              absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) {
  table_->TryAcquire(std::move(key), std::move(holder), limit, lease, std::move(done));
}

void RedisPermits::Hold(std::string key, std::string holder, absl::Duration lease) {
  table_->Hold(std::move(key), std::move(holder), lease);
}

void RedisPermits::Release(std::string key, std::string holder) { table_->Release(std::move(key), std::move(holder)); }

void RedisPermits::Tell(absl::AnyInvocable<void(absl::Status) &&> done) { table_->Tell(std::move(done)); }

}  // namespace interaction::limits
