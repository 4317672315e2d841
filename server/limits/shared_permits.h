#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::limits {

// Permits that all replicas share: at most `limit` holders of a key at a time, over all replicas. The permit of a
// holder that dies is free again when its lease ends.
//
// Thread-safe. Every `done` runs exactly once, on any thread, possibly before the function returns.
class SharedPermits {
 public:
  enum class Answer {
    kGiven,     // `holder` holds one of `limit` permits of `key` for `lease`
    kTaken,     // all permits are in use: ask again
    kSettling,  // the store is empty, because it is new or lost its data, and waits for replicas to say what they hold:
                // ask again
  };

  virtual ~SharedPermits() = default;

  // UNAVAILABLE if the store did not answer; the permit may have been given nevertheless, so Release() it.
  virtual void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                          absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) = 0;

  // Records that `holder` uses the key without a permit. The store learns of it as soon as it answers, even beyond the
  // limit.
  virtual void Hold(std::string key, std::string holder, absl::Duration lease) = 0;

  // Gives back what TryAcquire gave or Hold recorded. Does nothing if `holder` holds nothing.
  virtual void Release(std::string key, std::string holder) = 0;

  // Tells the store all that this process holds. OK: the store has answered and knows it.
  virtual void Tell(absl::AnyInvocable<void(absl::Status) &&> done) = 0;
};

}  // namespace interaction::limits
