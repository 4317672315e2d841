#include "server/upstream/json_writer.h"

#include <utility>

#include "server/base/json_text.h"

namespace interaction::upstream {

JsonWriter::JsonWriter(size_t expected_size) { out_.reserve(expected_size); }

void JsonWriter::Add(absl::string_view name, absl::string_view value) {
  out_.append(out_.empty() ? "{\"" : ",\"", 2);
  out_.append(name.data(), name.size());
  out_.append("\":\"", 3);
  AppendJsonText(value, &out_);
  out_.push_back('"');
}

std::string JsonWriter::Finish() {
  out_.append(out_.empty() ? "{}" : "}");
  return std::move(out_);
}

}  // namespace interaction::upstream
