#pragma once

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace interaction {

// A std::mutex that clang's thread safety analysis knows (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html), so
// that `tools/check --tidy` finds a member with ABSL_GUARDED_BY that is used without its lock. absl::Mutex has the
// annotations, too, but ThreadSanitizer does not see the locks of a library that was built without it, as Debian's is.
class ABSL_LOCKABLE Mutex {
 public:
  // In lower case, as std::condition_variable_any and std::unique_lock expect them.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex as long as it lives.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex_->lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

}  // namespace interaction
