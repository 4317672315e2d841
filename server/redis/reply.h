#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace interaction::redis {

// Redis' answer to a command, other than an error. A plain value.
struct Reply {
  enum class Kind { kNil, kInteger, kString, kArray };

  Kind kind = Kind::kNil;
  int64_t integer = 0;          // of kInteger
  std::string text;             // of kString; status replies ("OK") are strings too
  std::vector<Reply> elements;  // of kArray

  bool operator==(const Reply&) const = default;
};

}  // namespace interaction::redis
