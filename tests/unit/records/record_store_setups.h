#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "server/records/record_store.h"
#include "tests/support/matchers.h"

namespace interaction::records {

// A store with all that it stands on, so that one test can claim the same of every kind.
class RecordStoreSetup {
 public:
  virtual ~RecordStoreSetup() = default;

  // The same records, seen by one of two replicas; of a store that knows no replicas, twice the same.
  virtual RecordStore& replica(int index) = 0;

  // Lets time pass, without waiting: leases run and records expire.
  virtual void Advance(absl::Duration duration) = 0;

  virtual absl::Time WallNow() = 0;

  // Wait for the store's answer.
  absl::StatusOr<RecordStore::Claim> Claim(const RecordStore::ClaimRequest& request, int replica_index = 0);
  absl::Status Finish(const Digest& key, RecordStore::Owner owner, RecordStore::Settlement settlement,
                      const std::string& reply = "", int replica_index = 0);
  absl::Status Release(const Digest& key, RecordStore::Owner owner, int replica_index = 0);
};

inline constexpr absl::Duration kDoneTtl = absl::Hours(24);
inline constexpr absl::Duration kUnknownTtl = absl::Hours(72);

std::unique_ptr<RecordStoreSetup> SetUpMemory();
std::unique_ptr<RecordStoreSetup> SetUpRedis();  // with a redis-server of its own

// EXPECT_THAT(store.Claim(request), ClaimIs(RecordStore::ClaimResult::kClaimed));
inline auto ClaimIs(RecordStore::ClaimResult result) {
  return testing::IsOkAndHolds(::testing::Field("result", &RecordStore::Claim::result, result));
}

// The record is done, with this reply.
inline auto IsDoneWith(const std::string& reply) {
  return testing::IsOkAndHolds(
      ::testing::AllOf(::testing::Field("result", &RecordStore::Claim::result, RecordStore::ClaimResult::kDone),
                       ::testing::Field("reply", &RecordStore::Claim::reply, reply)));
}

// A key or a fingerprint: another one for another number.
Digest DigestOf(int number);

// Two that claim, in two replicas.
inline constexpr RecordStore::Owner kA = {.replica = 10, .claim = 1};
inline constexpr RecordStore::Owner kB = {.replica = 11, .claim = 1};

}  // namespace interaction::records
