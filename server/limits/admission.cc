#include "server/limits/admission.h"

#include "absl/hash/hash.h"
#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::limits {

absl::StatusOr<Admission::Place> Admission::Admit(absl::string_view peer, size_t metadata_bytes) {
  if (options_.max_metadata_bytes != 0 && metadata_bytes > options_.max_metadata_bytes) {
    if (counters_) counters_->Add(telemetry::Counter::kAdmissionRefused);
    return Error(Reason::kMetadataTooLarge).In(Phase::kParse).With("limit", "calls.max_metadata_bytes").ToStatus();
  }
  Place place(this);
  const int before = in_flight_.fetch_add(1, std::memory_order_relaxed);
  if (options_.max_in_flight != 0 && before >= options_.max_in_flight) return Overloaded("calls.max_in_flight");
  if (options_.max_in_flight_per_peer != 0 && !EnterPeer(peer, place)) {
    return Overloaded("calls.max_in_flight_per_peer");
  }
  return place;
}

bool Admission::EnterPeer(absl::string_view peer, Place& place) {
  // Uses bits of the hash that the shard's map does not use.
  Shard& shard = shards_[(absl::HashOf(peer) >> 56) % kShards];
  const MutexLock lock(&shard.mutex);
  PeerCount& count = *shard.in_flight.try_emplace(peer, 0).first;
  if (count.second >= options_.max_in_flight_per_peer) return false;
  ++count.second;
  place.shard_ = &shard;
  place.peer_ = &count;
  return true;
}

void Admission::Leave(const Place& place) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  if (place.peer_ == nullptr) return;
  const MutexLock lock(&place.shard_->mutex);
  if (--place.peer_->second == 0) place.shard_->in_flight.erase(place.peer_->first);
}

absl::Status Admission::Overloaded(absl::string_view limit) const {
  if (counters_) counters_->Add(telemetry::Counter::kAdmissionRefused);
  return Error(Reason::kOverloaded).In(Phase::kQueue).With("limit", limit).WithRetryAfter(absl::Seconds(1));
}

}  // namespace interaction::limits
