#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"

namespace interaction::limits {

// Counts the calls of this process that use each key at present. Thread-safe.
class UseCount {
 public:
  // One use. Movable; its destructor ends it, on any thread. The count must outlive it.
  class Use {
   public:
    Use() = default;  // an empty one
    Use(Use&& other) noexcept : count_(std::exchange(other.count_, nullptr)), key_(std::move(other.key_)) {}
    Use& operator=(Use&& other) noexcept {
      std::swap(count_, other.count_);  // `other` ends what was here
      std::swap(key_, other.key_);
      return *this;
    }
    ~Use() {
      if (count_) count_->End(key_);
    }

   private:
    friend class UseCount;
    Use(UseCount* count, absl::string_view key) : count_(count), key_(key) {}

    UseCount* count_ = nullptr;
    std::string key_;
  };

  Use Begin(absl::string_view key) {
    const MutexLock lock(&mutex_);
    ++uses_[key];
    return Use(this, key);
  }

  // Nothing if the key already has `limit` uses.
  std::optional<Use> BeginBelow(absl::string_view key, int limit) {
    const MutexLock lock(&mutex_);
    const auto found = uses_.find(key);
    if ((found == uses_.end() ? 0 : found->second) >= limit) return std::nullopt;
    ++uses_[key];
    return Use(this, key);
  }

 private:
  void End(const std::string& key) {
    const MutexLock lock(&mutex_);
    const auto found = uses_.find(key);
    if (--found->second == 0) uses_.erase(found);
  }

  Mutex mutex_;
  absl::flat_hash_map<std::string, int> uses_ ABSL_GUARDED_BY(mutex_);  // keys without uses are erased
};

}  // namespace interaction::limits
