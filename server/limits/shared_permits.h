#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::limits {

// Permits that all replicas draw from: at most `limit` holders of a key at once, in the whole cluster. A holder that
// dies gives its permit back when the lease ends.
//
// Thread-safe. Every `done` runs exactly once, on any thread, possibly before the function returns.
class SharedPermits {
 public:
  enum class Answer {
    kGiven,     // `holder` holds one of `limit` permits of `key` for `lease`
    kTaken,     // all are taken: ask again
    kSettling,  // the store is empty, new or robbed of its data, and waits to be told what replicas hold: ask again
  };

  virtual ~SharedPermits() = default;

  // UNAVAILABLE: the store did not answer; the permit may nevertheless have been given, so Release() it.
  virtual void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                          absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) = 0;

  // `holder` uses the key without a permit. The store is told as soon as it answers, whatever the limit.
  virtual void Hold(std::string key, std::string holder, absl::Duration lease) = 0;

  // Gives back what TryAcquire gave or Hold took; nothing happens if `holder` holds nothing.
  virtual void Release(std::string key, std::string holder) = 0;

  // Tells the store all that this process holds. OK: it answers, and knows.
  virtual void Tell(absl::AnyInvocable<void(absl::Status) &&> done) = 0;
};

}  // namespace interaction::limits
