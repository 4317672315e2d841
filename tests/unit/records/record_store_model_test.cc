// Random histories, compared step by step with a model that is too simple to be wrong. A failure prints the seed; with
// it in the environment as RECORD_STORE_SEED the history runs again.

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/records/record_store_setups.h"

namespace interaction::records {
namespace {

using Result = RecordStore::ClaimResult;
using Settlement = RecordStore::Settlement;

// What a RecordStore ought to do.
class Model {
 public:
  RecordStore::Claim Claim(const RecordStore::ClaimRequest& request) {
    Record* record = Find(request.key);
    if (record == nullptr) {
      records_[request.key] = {.fingerprint = request.fingerprint,
                               .owner = request.owner,
                               .lease_until = now_ + request.lease,
                               .expires = now_ + request.lease + kUnknownTtl};
      return {.result = Result::kClaimed};
    }
    if (record->fingerprint != request.fingerprint) return {.result = Result::kMismatch};
    if (record->state == State::kDone) return {.result = Result::kDone, .reply = record->reply};
    if (record->state == State::kUnknown) return {.result = Result::kUnknown};
    if (record->owner == request.owner) return {.result = Result::kClaimed};
    return {.result = Result::kInFlight, .lease_left = record->lease_until - now_};
  }

  absl::StatusCode Finish(const Digest& key, RecordStore::Owner owner, Settlement settlement,
                          const std::string& reply) {
    Record* record = Find(key);
    if (record == nullptr || record->owner != owner) return absl::StatusCode::kFailedPrecondition;
    if (record->state == State::kDone) return absl::StatusCode::kOk;
    const bool done = settlement == Settlement::kDone;
    record->state = done ? State::kDone : State::kUnknown;
    record->expires = now_ + (done ? kDoneTtl : kUnknownTtl);
    if (done) record->reply = reply;
    return absl::StatusCode::kOk;
  }

  void Release(const Digest& key, RecordStore::Owner owner) {
    const Record* record = Find(key);
    if (record != nullptr && record->owner == owner && record->state == State::kPending) records_.erase(key);
  }

  void Advance(absl::Duration duration) { now_ += duration; }

 private:
  enum class State { kPending, kUnknown, kDone };
  struct Record {
    Digest fingerprint{};
    RecordStore::Owner owner;
    std::string reply;
    State state = State::kPending;
    absl::Duration lease_until, expires;
  };

  Record* Find(const Digest& key) {
    const auto it = records_.find(key);
    if (it == records_.end()) return nullptr;
    if (it->second.expires <= now_) return records_.erase(it), nullptr;
    if (it->second.state == State::kPending && it->second.lease_until <= now_) it->second.state = State::kUnknown;
    return &it->second;
  }

  absl::Duration now_;
  std::map<Digest, Record> records_;
};

uint32_t Seed() {
  uint32_t seed = 0;
  const char* wanted = std::getenv("RECORD_STORE_SEED");
  return wanted != nullptr && absl::SimpleAtoi(wanted, &seed) ? seed : std::random_device()();
}

// A random history. Few keys, owners and times, so that they meet often. Times are multiples of half an hour: a store
// with a real clock is seconds late, and agrees all the same.
class History {
 public:
  History(uint32_t seed, RecordStoreSetup* store) : random_(seed), store_(store) {}

  void Step() {
    const Digest key = DigestOf(Pick(4));
    switch (Pick(10)) {
      case 0:
      case 1:
        return Advance();
      case 2:
        return Finish(key, Settlement::kUnknown);
      case 3:
      case 4:
        return Finish(key, Settlement::kDone);
      case 5:
        return Release(key);
      default:
        return Claim(key);
    }
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }
  // Owners with an even number live in one replica, the others in the other.
  int PickOwner() { return Pick(6); }
  static RecordStore::Owner OwnerOf(int owner) { return {.claim = static_cast<uint64_t>(owner)}; }

  void Advance() {
    static constexpr int kHalfHours[] = {1, 1, 2, 2, 5, 48, 144};
    const absl::Duration duration = absl::Minutes(30) * kHalfHours[Pick(7)];
    model_.Advance(duration);
    store_->Advance(duration);
  }

  void Claim(const Digest& key) {
    const int owner = PickOwner();
    const RecordStore::ClaimRequest request = {key, DigestOf(Pick(5) == 0 ? 101 : 100), OwnerOf(owner),
                                               absl::Hours(1 + 2 * Pick(2))};
    const RecordStore::Claim expected = model_.Claim(request);
    const auto actual = store_->Claim(request, owner % 2);
    ASSERT_TRUE(actual.ok()) << actual.status();
    ASSERT_EQ(static_cast<int>(actual->result), static_cast<int>(expected.result));
    ASSERT_EQ(actual->reply, expected.reply);
    ASSERT_LE(actual->lease_left, expected.lease_left);
    ASSERT_GE(actual->lease_left, expected.lease_left - absl::Minutes(1));
  }

  void Finish(const Digest& key, Settlement settlement) {
    const int owner = PickOwner();
    const std::string reply = settlement == Settlement::kDone ? absl::StrCat("reply-", random_()) : "";
    const absl::StatusCode expected = model_.Finish(key, OwnerOf(owner), settlement, reply);
    ASSERT_EQ(store_->Finish(key, OwnerOf(owner), settlement, reply, owner % 2).code(), expected);
  }

  void Release(const Digest& key) {
    const int owner = PickOwner();
    model_.Release(key, OwnerOf(owner));
    ASSERT_TRUE(store_->Release(key, OwnerOf(owner), owner % 2).ok());
  }

  std::mt19937 random_;
  RecordStoreSetup* const store_;
  Model model_;
};

struct Kind {
  const char* name;
  std::unique_ptr<RecordStoreSetup> (*set_up)();
  int steps;
};

class RecordStoreModelTest : public ::testing::TestWithParam<Kind> {};

TEST_P(RecordStoreModelTest, DoesWhatTheModelDoes) {
  const uint32_t seed = Seed();
  std::cout << "RECORD_STORE_SEED=" << seed << std::endl;
  const std::unique_ptr<RecordStoreSetup> store = GetParam().set_up();
  History history(seed, store.get());
  for (int step = 0; step < GetParam().steps; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step, " with RECORD_STORE_SEED=", seed));
    history.Step();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(, RecordStoreModelTest,
                         ::testing::Values(Kind{"Memory", SetUpMemory, 20'000}, Kind{"Redis", SetUpRedis, 5'000}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace interaction::records
