#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::call {

// Permits that all replicas draw from: at most `limit` holders of a key at once, in the whole cluster. A holder that
// dies gives its permit back when the lease ends.
//
// Thread-safe. Every `done` runs exactly once, on any thread, possibly before the function returns.
class SharedPermits {
 public:
  virtual ~SharedPermits() = default;

  // True: `holder` holds one of `limit` permits of `key` for `lease`. False: all are taken, ask again. UNAVAILABLE: the
  // store did not answer; the permit may nevertheless have been given, so Release() it.
  virtual void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                          absl::AnyInvocable<void(absl::StatusOr<bool>) &&> done) = 0;

  // Gives the permit back; nothing happens if `holder` holds none.
  virtual void Release(std::string key, std::string holder) = 0;
};

}  // namespace interaction::call
