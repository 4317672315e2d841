#pragma once

#include <algorithm>

namespace interaction::h2 {

// Allows a burst, and as much more as is added.
class TokenBucket {
 public:
  // Full at first; never holds more.
  explicit TokenBucket(int capacity) : capacity_(capacity), tokens_(capacity) {}

  void Add(int tokens) { tokens_ = std::min(capacity_, tokens_ + tokens); }

  // At most an eighth of it has been taken.
  bool IsNearlyFull() const { return tokens_ >= capacity_ - capacity_ / 8; }

  // False if it is empty.
  bool Take() {
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  const int capacity_;
  int tokens_;
};

}  // namespace interaction::h2
