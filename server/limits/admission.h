#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// In all of these, 0 means no limit.
struct AdmissionOptions {
  int max_in_flight = 0;           // calls in flight on all lanes
  int max_in_flight_per_peer = 0;  // calls in flight of one peer
  size_t max_metadata_bytes = 0;   // names and values of one call
};

// Admits calls up to a number in flight, in all and for each peer. Thread-safe.
class Admission {
  struct Shard;
  using PeerCount = std::pair<const std::string, int>;

 public:
  // A place for one call. Its destructor gives it back, on any thread.
  class Place {
   public:
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)), shard_(other.shard_), peer_(other.peer_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (admission_) admission_->Leave(*this);
    }

   private:
    friend class Admission;
    explicit Place(Admission* admission) : admission_(admission) {}

    Admission* admission_;
    Shard* shard_ = nullptr;     // with its peer;
    PeerCount* peer_ = nullptr;  // null if peers are not counted
  };

  // `counters` may be null.
  explicit Admission(const AdmissionOptions& options, telemetry::Counters* counters = nullptr)
      : options_(options), counters_(counters) {}

  // `peer` is what a limit is counted by: the machine, without the port, which changes with each connection. Fails with
  // METADATA_TOO_LARGE, or with OVERLOADED and RetryInfo when all places are taken. Admission must outlive the place.
  absl::StatusOr<Place> Admit(absl::string_view peer, size_t metadata_bytes);

  bool counts_peers() const { return options_.max_in_flight_per_peer > 0; }

  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  // Peers are spread over shards, so that lanes seldom contend for a lock.
  static constexpr size_t kShards = 16;
  struct Shard {
    Mutex mutex;
    absl::node_hash_map<std::string, int> in_flight ABSL_GUARDED_BY(mutex);  // peers without calls are erased
  };

  bool EnterPeer(absl::string_view peer, Place& place);
  void Leave(const Place& place);
  absl::Status Overloaded(absl::string_view limit) const;

  const AdmissionOptions options_;
  telemetry::Counters* const counters_;
  std::atomic<int> in_flight_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace interaction::limits
