#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::upstream {

// Writes one JSON object with string members, in the order in which they are added, as UTF-8 without blanks. Escapes
// what RFC 8259 demands, and U+2028 and U+2029, which are line breaks in JavaScript.
//
//   JsonWriter json; json.Add("from", "a\"b"); json.Finish() == R"({"from":"a\"b"})"
class JsonWriter {
 public:
  explicit JsonWriter(size_t expected_size);

  void Add(absl::string_view name, absl::string_view value);  // `name` is plain ASCII
  std::string Finish();

 private:
  std::string out_;
};

}  // namespace interaction::upstream
