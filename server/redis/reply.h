#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace interaction::redis {

// What Redis answered to a command, when it is no error. A plain value.
struct Reply {
  enum class Kind { kNil, kInteger, kString, kArray };

  Kind kind = Kind::kNil;
  int64_t integer = 0;          // of kInteger
  std::string text;             // of kString; status replies ("OK") are strings too
  std::vector<Reply> elements;  // of kArray

  bool operator==(const Reply&) const = default;
};

}  // namespace interaction::redis
