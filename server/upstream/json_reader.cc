#include "server/upstream/json_reader.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "server/upstream/text.h"

namespace interaction::upstream {
namespace {

// Buffers for a longer text are not kept: the parser needs a dozen bytes for each byte of the text.
constexpr size_t kMaxKept = 64 << 10;

bool RepeatsAName(const simdjson::dom::object& object) {
  absl::InlinedVector<std::string_view, 16> names;
  for (const auto& member : object) names.push_back(member.key);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

absl::StatusOr<JsonObject> JsonObject::Parse(absl::string_view body) {
  // The parser keeps its buffers from one answer to the next; nothing outside sees them.
  static thread_local simdjson::dom::parser parser;
  if (parser.capacity() > kMaxKept) parser = simdjson::dom::parser();
  std::string storage;
  const auto text = ToUtf8(body, &storage);
  if (!text.ok()) return text.status();
  simdjson::dom::object object;
  if (parser.parse(text->data(), text->size()).get_object().get(object) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  if (RepeatsAName(object)) return absl::InvalidArgumentError("a JSON object that repeats a name");
  return JsonObject(object);
}

}  // namespace interaction::upstream
