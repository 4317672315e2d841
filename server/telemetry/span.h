#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::telemetry {

// A piece of work of a trace, as OpenTelemetry knows it
// (https://opentelemetry.io/docs/specs/otel/trace/api/#span).
struct Span {
  enum class Kind { kServer = 2, kClient = 3 };  // as in OTLP
  using Value = std::variant<std::string, int64_t, bool>;
  using Attributes = std::vector<std::pair<std::string, Value>>;
  struct Event {
    std::string name;
    absl::Time time;
    Attributes attributes;
  };

  std::string trace_id;   // 32 hex digits
  std::string span_id;    // 16 hex digits
  std::string parent_id;  // likewise, or "" for a root
  std::string tracestate;
  std::string name;
  Kind kind = Kind::kServer;
  absl::Time begin;
  absl::Time end;
  Attributes attributes;
  std::vector<Event> events;
  bool is_error = false;
  std::string error;  // why, in a word or a sentence
};

}  // namespace interaction::telemetry
