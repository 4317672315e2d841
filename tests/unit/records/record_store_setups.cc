#include "tests/unit/records/record_store_setups.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/records/memory_record_store.h"
#include "server/records/redis_record_store.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace interaction::records {
namespace {

using ::interaction::testing::Await;
using ::interaction::testing::FakeClock;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;

class MemorySetup final : public RecordStoreSetup {
 public:
  RecordStore& replica(int /*index*/) override { return store_; }
  void Advance(absl::Duration duration) override { clock_.Advance(duration); }
  absl::Time WallNow() override { return clock_.WallNow(); }

 private:
  FakeClock clock_;
  MemoryRecordStore store_{{.done_ttl = kDoneTtl, .unknown_ttl = kUnknownTtl}, &clock_};
};

class RedisSetup final : public RecordStoreSetup {
 public:
  RecordStore& replica(int index) override { return replicas_[static_cast<size_t>(index)]->store; }

  // Redis' clock cannot be set. Instead all that is written down is made older.
  void Advance(absl::Duration duration) override {
    static constexpr char kScript[] = R"lua(
      for _, key in ipairs(redis.call('KEYS', 'idem:*')) do
        redis.call('HINCRBY', key, 'lease', -ARGV[1])
        redis.call('HINCRBY', key, 't0', -ARGV[1])
        redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[1])
      end)lua";
    server_.Run({"EVAL", kScript, "0", absl::StrCat(absl::ToInt64Milliseconds(duration))});
    clock_.Advance(duration);
  }

  absl::Time WallNow() override { return absl::Now(); }

 private:
  struct Replica {
    Replica(const RedisServer& server, const Clock* clock)
        : client(server.client_options()),
          store({.done_ttl = kDoneTtl, .unknown_ttl = kUnknownTtl}, client.get(), clock, client.logger()) {}
    RedisClient client;
    RedisRecordStore store;
  };

  RedisServer server_;
  FakeClock clock_;
  std::array<std::unique_ptr<Replica>, 2> replicas_ = {std::make_unique<Replica>(server_, &clock_),
                                                       std::make_unique<Replica>(server_, &clock_)};
};

}  // namespace

absl::StatusOr<RecordStore::Claim> RecordStoreSetup::Claim(const RecordStore::ClaimRequest& request,
                                                           int replica_index) {
  return Await<absl::StatusOr<RecordStore::Claim>>(
      [&](auto done) { replica(replica_index).MakeClaim(request, std::move(done)); });
}

absl::Status RecordStoreSetup::Finish(const Digest& key, RecordStore::Owner owner, RecordStore::Settlement settlement,
                                      const std::string& reply, int replica_index) {
  return Await<absl::Status>(
      [&](auto done) { replica(replica_index).Finish(key, owner, settlement, reply, std::move(done)); });
}

absl::Status RecordStoreSetup::Release(const Digest& key, RecordStore::Owner owner, int replica_index) {
  return Await<absl::Status>([&](auto done) { replica(replica_index).Release(key, owner, std::move(done)); });
}

std::unique_ptr<RecordStoreSetup> SetUpMemory() { return std::make_unique<MemorySetup>(); }

std::unique_ptr<RecordStoreSetup> SetUpRedis() { return std::make_unique<RedisSetup>(); }

Digest DigestOf(int number) { return Sha256({absl::StrCat(number)}); }

}  // namespace interaction::records
