#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "server/call/digest.h"
#include "server/call/flight.h"

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

  // `make` makes the flight if there is none.
  template <typename Make>
  Boarding Board(const Digest& key, const Digest& fingerprint, Make make) {
    Shard& shard = ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    Entry& entry = shard.flights[key];
    if (entry.flight) return {.flight = entry.flight, .matches = entry.fingerprint == fingerprint};
    entry = {.flight = make(), .fingerprint = fingerprint};
    return {.flight = entry.flight, .is_first = true};
  }

  void Remove(const Digest& key) {
    Shard& shard = ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    shard.flights.erase(key);
  }

 private:
  struct Entry {
    std::shared_ptr<Flight> flight;
    Digest fingerprint{};
  };
  struct Shard {
    std::mutex mutex;
    absl::flat_hash_map<Digest, Entry, DigestHash> flights;
  };

  Shard& ShardOf(const Digest& key) { return shards_[static_cast<unsigned char>(key.back()) % shards_.size()]; }

  std::array<Shard, 16> shards_;
};

}  // namespace interaction::call
