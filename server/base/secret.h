#pragma once

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace interaction {

// A string that must not be seen: an access key, a token. It has no stream operator, no AbslStringify and no implicit
// conversion, so it cannot end up in a log line or a message by accident. Reveal() is the only way to read it, and easy
// to grep for. The memory is wiped when the value is destroyed or replaced.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(); }

  bool empty() const { return value_.empty(); }

  // The value itself, valid as long as this object. Call it only where the bytes are sent to the upstream.
  absl::string_view Reveal() const { return value_; }

 private:
  void Wipe();

  std::string value_;
};

// Overwrites a text that contains a secret, and empties it.
void Wipe(std::string* text);

}  // namespace interaction
