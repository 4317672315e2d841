#pragma once

#include <array>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "server/base/mutex.h"
#include "server/call/work.h"
#include "server/records/digest.h"
#include "server/records/record_id.h"

namespace interaction::records {

// The work in flight in this replica for calls with a request_id, by the key of their record, so that a repeated call
// waits for it instead of starting its own. Thread-safe, in shards.
class WorkTable {
 public:
  struct Entry {
    std::shared_ptr<call::Work> work;
    bool is_first = false;  // the key had no work in flight: the caller must start it, and Remove() it at its end
    bool matches = true;    // false: the work in flight is for a different request
  };

  // `make` creates the work if there is none.
  template <typename Make>
  Entry FindOrAdd(const RecordId& record, Make make) {
    Shard& shard = ShardOf(record.key);
    const MutexLock lock(&shard.mutex);
    const auto [entry, is_new] = shard.under_way.try_emplace(record.key);
    UnderWay& found = entry->second;
    if (is_new) found = {.fingerprint = record.fingerprint, .work = make()};
    return {.work = found.work, .is_first = is_new, .matches = found.fingerprint == record.fingerprint};
  }

  void Remove(const Digest& key) {
    Shard& shard = ShardOf(key);
    const MutexLock lock(&shard.mutex);
    shard.under_way.erase(key);
  }

 private:
  struct UnderWay {
    Digest fingerprint{};
    std::shared_ptr<call::Work> work;
  };
  struct Shard {
    Mutex mutex;
    absl::flat_hash_map<Digest, UnderWay, DigestHash> under_way ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(const Digest& key) { return shards_[static_cast<unsigned char>(key.back()) % shards_.size()]; }

  std::array<Shard, 4> shards_;
};

}  // namespace interaction::records
