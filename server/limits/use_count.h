#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace interaction::limits {

// How many calls of this process use each key at present. Thread-safe.
class UseCount {
 public:
  // One use. Movable, and over when it is destroyed, on any thread. The count must outlive it.
  class Use {
   public:
    Use() = default;  // of nothing
    Use(Use&& other) noexcept : count_(std::exchange(other.count_, nullptr)), key_(std::move(other.key_)) {}
    Use& operator=(Use&& other) noexcept {
      std::swap(count_, other.count_);  // what was here ends with `other`
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
    const std::lock_guard lock(mutex_);
    ++uses_[key];
    return Use(this, key);
  }

  // Nothing, if the key has `limit` uses already.
  std::optional<Use> BeginBelow(absl::string_view key, int limit) {
    const std::lock_guard lock(mutex_);
    const auto found = uses_.find(key);
    if ((found == uses_.end() ? 0 : found->second) >= limit) return std::nullopt;
    ++uses_[key];
    return Use(this, key);
  }

 private:
  void End(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = uses_.find(key);
    if (--found->second == 0) uses_.erase(found);
  }

  std::mutex mutex_;
  absl::flat_hash_map<std::string, int> uses_;  // none is 0; guarded by mutex_
};

}  // namespace interaction::limits
