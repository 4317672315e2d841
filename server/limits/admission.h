#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// 0: no cap.
struct AdmissionOptions {
  int max_in_flight = 0;           // calls in flight over all lanes,
  int max_in_flight_per_peer = 0;  // and of one peer
  size_t max_metadata_bytes = 0;   // of one call: names and values
};

// Takes calls in, up to a number in flight in all and of one peer. Thread-safe.
class Admission {
  struct Shard;
  using PeerCount = std::pair<const std::string, int>;

 public:
  // A place for one call, given back when it is destroyed, on any thread.
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
    Shard* shard_ = nullptr;     // with its peer,
    PeerCount* peer_ = nullptr;  // when peers are counted
  };

  // `counters` may be null.
  explicit Admission(const AdmissionOptions& options, telemetry::Counters* counters = nullptr)
      : options_(options), counters_(counters) {}

  // `peer`: whoever is to share a cap, without the port that changes with each connection. METADATA_TOO_LARGE; or
  // OVERLOADED with RetryInfo when all places are taken. Admission must outlive the place.
  absl::StatusOr<Place> Admit(absl::string_view peer, size_t metadata_bytes);

  bool counts_peers() const { return options_.max_in_flight_per_peer > 0; }

  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  // Peers are spread over shards, so that lanes seldom meet at a lock.
  static constexpr size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    absl::node_hash_map<std::string, int> in_flight;  // guarded by mutex; nobody is listed with 0
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
