#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::upstream {

// A JSON object that an upstream sent, read strictly (RFC 8259, UTF-8, a single document); a byte order mark and white
// space before it are skipped. The parser limits the depth and does not recurse.
class JsonObject {
 public:
  // INVALID_ARGUMENT, without the text, for anything but an object, and for an object with two members of the same
  // name: readers disagree about which one counts, and the two may say success and failure.
  static absl::StatusOr<JsonObject> Parse(absl::string_view body);

  // A member; an error of simdjson if there is none of that name. Valid as long as this object, until the next Parse()
  // on this thread.
  simdjson::simdjson_result<simdjson::dom::element> operator[](std::string_view name) const {
    return object_.at_key(name);
  }

  const simdjson::dom::object& members() const { return object_; }

 private:
  explicit JsonObject(simdjson::dom::object object) : object_(object) {}

  simdjson::dom::object object_;
};

}  // namespace interaction::upstream
