#include "server/app/resources.h"

#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "server/app/options.h"
#include "server/base/status_macros.h"
#include "server/limits/redis_permits.h"
#include "server/records/memory_record_store.h"

namespace interaction::app {
namespace {

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (getentropy(bytes.data(), bytes.size()) != 0) abort();  // fails only for more than 256 bytes, or before Linux 3.17
  return bytes;
}

uint64_t RandomNumber() {
  uint64_t number = 0;
  memcpy(&number, RandomBytes(sizeof number).data(), sizeof number);
  return number;
}

// No other process has to compute the same digests, so the key is random.
Secret DigestKey(const config::Config& config) {
  return config.redis.digest_key.empty() ? Secret(RandomBytes(32)) : config.redis.digest_key;
}

}  // namespace

double Resources::Random() {
  thread_local absl::InsecureBitGen generator;
  return absl::Uniform(generator, 0.0, 1.0);
}

uint64_t Resources::RandomBits() {
  thread_local absl::BitGen generator;
  return absl::Uniform<uint64_t>(generator);
}

Resources::Resources(const config::Config& config, const Clock* clock, telemetry::Logger* log)
    : clock_(clock),
      log_(log),
      instance_(absl::BytesToHexString(RandomBytes(16))),
      digest_(DigestKey(config)),
      admission_(AdmissionOptions(config), &counters_) {}

absl::StatusOr<std::unique_ptr<Resources>> Resources::Create(const config::Config& config, const Clock* clock,
                                                             telemetry::Logger* log,
                                                             std::shared_ptr<const tls::ClientContext> redis_tls,
                                                             BreakerListener listener) {
  auto resources = std::unique_ptr<Resources>(new Resources(config, clock, log));
  if (config.redis.is_set()) RETURN_IF_ERROR(resources->ConnectRedis(config, std::move(redis_tls)));
  resources->MakeStore(config);
  if (config.calls.breaker) {
    const auto report = [log, listener = std::move(listener)](absl::string_view upstream, absl::string_view authority,
                                                              limits::Breaker::State state) {
      if (log) {
        log->Log(telemetry::LogLevel::kWarning, "circuit breaker",
                 {{"upstream", upstream}, {"authority", authority}, {"state", limits::BreakerStateName(state)}});
      }
      if (listener) listener(upstream, authority, state);
    };
    resources->breakers_ =
        std::make_unique<limits::Breakers>(limits::BreakerOptions(), &Random, report, &resources->counters_);
  }
  resources->MakeUpstream(config, "seethepro", config.seethepro.upstream, &resources->seethepro_);
  resources->MakeUpstream(config, "wolkvox", config.wolkvox.upstream, &resources->wolkvox_);
  return resources;
}

absl::Status Resources::ConnectRedis(const config::Config& config, std::shared_ptr<const tls::ClientContext> tls) {
  redis::ClientOptions options = RedisOptions(config);
  options.tls = std::move(tls);
  ASSIGN_OR_RETURN(redis_, redis::Client::Create(options, clock_, log_, &Random));
  shared_permits_ = std::make_unique<limits::RedisPermits>(limits::RedisPermitsOptions(), redis_.get(), log_);
  return absl::OkStatus();
}

void Resources::MakeStore(const config::Config& config) {
  const config::Idempotency& idempotency = config.idempotency;
  switch (idempotency.store) {
    case config::RecordStore::kNone:
      return;
    case config::RecordStore::kMemory: {
      auto records = std::make_unique<records::MemoryRecordStore>(
          records::MemoryRecordStoreOptions{.max_records = idempotency.max_records,
                                            .max_bytes = idempotency.max_bytes,
                                            .done_ttl = idempotency.done_ttl,
                                            .unknown_ttl = idempotency.unknown_ttl},
          clock_);
      memory_records_ = records.get();
      records_ = std::move(records);
      break;
    }
    case config::RecordStore::kRedis: {
      auto records = std::make_unique<records::RedisRecordStore>(
          records::RedisRecordStoreOptions{.done_ttl = idempotency.done_ttl, .unknown_ttl = idempotency.unknown_ttl},
          redis_.get(), clock_, log_);
      redis_records_ = records.get();
      records_ = std::move(records);
      break;
    }
  }
  once_ = std::make_unique<records::Once>(
      records::OnceOptions{.replica = RandomNumber(),
                           .serve_on_store_failure = idempotency.on_store_failure == config::OnStoreFailure::kOpen,
                           .wait_for_other_replica = idempotency.in_progress_wait},
      redis_records_ ? &digest_ : nullptr, records_.get(), &counters_);
}

void Resources::MakeUpstream(const config::Config& config, const std::string& name, const config::Upstream& options,
                             Upstream* upstream) {
  upstream->retry_budget = std::make_unique<limits::RetryBudget>(limits::RetryBudgetOptions(), &counters_);
  if (options.max_concurrent_per_credential > 0) {
    upstream->permits = std::make_unique<limits::Permits>(PermitsOptions(config, name, options, instance_), clock_,
                                                          shared_permits_.get(), &Random, &counters_);
  }
  upstream->limits = {.breakers = breakers_.get(),
                      .retry_policy = limits::RetryPolicy(RetryOptions(config)),
                      .retry_budget = upstream->retry_budget.get(),
                      .permits = upstream->permits.get(),
                      .random = &Random};
}

void Resources::UseRedisCredentials(const config::Config& config, std::shared_ptr<const tls::ClientContext> tls) {
  if (redis_) redis_->Use(config.redis.username, config.redis.password, std::move(tls));
}

std::optional<bool> Resources::redis_connected() const {
  if (redis_ == nullptr) return std::nullopt;
  return redis_->connected();
}

void Resources::Describe(Snapshot* snapshot) const {
  snapshot->calls_in_flight = admission_.in_flight();
  for (size_t i = 0; i < static_cast<size_t>(telemetry::Counter::kCount); ++i) {
    snapshot->counters.push_back(counters_.Value(static_cast<telemetry::Counter>(i)));
  }
  if (breakers_) snapshot->breakers = breakers_->Snapshot();
  for (const auto& [name, upstream] : {std::pair("seethepro", &seethepro_), std::pair("wolkvox", &wolkvox_)}) {
    if (upstream->permits == nullptr) continue;
    Snapshot::Permits permits{.upstream = name};
    for (const auto& credential : upstream->permits->Snapshot()) {
      permits.active += credential.active;
      permits.waiting += credential.waiting;
      permits.parked += credential.parked ? 1 : 0;
    }
    snapshot->permits.push_back(std::move(permits));
  }
  if (redis_) snapshot->redis_commands = redis_->durations();
  if (memory_records_) {
    snapshot->records = memory_records_->size();
    snapshot->record_bytes = memory_records_->bytes();
  }
}

void Resources::WaitUntilSettled(absl::Duration timeout) const {
  if (redis_records_ == nullptr) return;
  const SteadyTime end = clock_->SteadyNow() + absl::ToInt64Nanoseconds(timeout);
  while (redis_records_->unsettled() > 0 && clock_->SteadyNow() < end) absl::SleepFor(absl::Milliseconds(10));
}

}  // namespace interaction::app
