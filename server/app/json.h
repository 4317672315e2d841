#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::app {

// Writes the JSON of the admin port, indented for people. For .cc files only.
class Json {
 public:
  Json() { writer_.SetMaxDecimalPlaces(6); }

  void Begin() { writer_.StartObject(); }
  void End() { writer_.EndObject(); }
  void BeginList() { writer_.StartArray(); }
  void EndList() { writer_.EndArray(); }

  void Key(absl::string_view key) { writer_.Key(key.data(), static_cast<unsigned>(key.size())); }
  void Text(absl::string_view text) { writer_.String(text.data(), static_cast<unsigned>(text.size())); }
  void Number(int64_t value) { writer_.Int64(value); }
  void Fraction(double value) { writer_.Double(value); }

  void BeginList(absl::string_view key) { Key(key), BeginList(); }
  void Begin(absl::string_view key) { Key(key), Begin(); }
  void Text(absl::string_view key, absl::string_view value) { Key(key), Text(value); }
  void Number(absl::string_view key, int64_t value) { Key(key), Number(value); }
  void Fraction(absl::string_view key, double value) { Key(key), Fraction(value); }
  void Boolean(absl::string_view key, bool value) { Key(key), writer_.Bool(value); }
  void Time(absl::string_view key, absl::Time time) {
    Text(key, absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()));
  }

  // `json`: an object or list.
  void Raw(absl::string_view key, absl::string_view json) {
    Key(key), writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  }
  template <typename Values>
  void Numbers(absl::string_view key, const Values& values) {  // on one line
    writer_.SetFormatOptions(rapidjson::kFormatSingleLineArray);
    BeginList(key);
    for (const auto value : values) {
      if constexpr (std::is_floating_point_v<decltype(value)>) {
        Fraction(value);
      } else {
        Number(value);
      }
    }
    EndList();
    writer_.SetFormatOptions(rapidjson::kFormatDefault);
  }

  // What was written, and a line end.
  std::string Take() {
    buffer_.Put('\n');
    return std::string(buffer_.GetString(), buffer_.GetSize());
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace interaction::app
