#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_set.h"
#include "server/call/digest.h"
#include "server/call/flight.h"
#include "server/call/record_id.h"

namespace interaction::call {

// The flights of this replica that have a request_id, by the key of their record, so that a repeated call waits for the
// one under way. Thread-safe, in shards.
class FlightTable {
 public:
  struct Boarding {
    std::shared_ptr<Flight> flight;
    bool is_first = false;  // nobody else has this key under way: the flight is the caller's to run, and to Remove()
    bool matches = true;    // false: the flight under way is for a request that asks for something else
  };

  // `make` makes the flight, of this record, if there is none.
  template <typename Make>
  Boarding Board(const RecordId& record, Make make) {
    Shard& shard = ShardOf(record.key);
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.flights.find(record.key); found != shard.flights.end()) {
      return {.flight = *found, .matches = (*found)->record()->fingerprint == record.fingerprint};
    }
    return {.flight = *shard.flights.insert(make()).first, .is_first = true};
  }

  void Remove(const Digest& key) {
    Shard& shard = ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    shard.flights.erase(key);
  }

 private:
  // By key, which the flight itself holds: so the table is small enough to stay in the cache.
  struct Hash {
    using is_transparent = void;
    size_t operator()(const std::shared_ptr<Flight>& flight) const { return DigestHash()(flight->record()->key); }
    size_t operator()(const Digest& key) const { return DigestHash()(key); }
  };
  struct HasKey {
    using is_transparent = void;
    bool operator()(const std::shared_ptr<Flight>& a, const std::shared_ptr<Flight>& b) const { return a == b; }
    bool operator()(const std::shared_ptr<Flight>& flight, const Digest& key) const {
      return flight->record()->key == key;
    }
  };
  struct Shard {
    std::mutex mutex;
    absl::flat_hash_set<std::shared_ptr<Flight>, Hash, HasKey> flights;
  };

  Shard& ShardOf(const Digest& key) { return shards_[static_cast<unsigned char>(key.back()) % shards_.size()]; }

  std::array<Shard, 4> shards_;
};

}  // namespace interaction::call
