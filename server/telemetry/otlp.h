#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::telemetry {

// Spans as OTLP carries them: serialized messages of opentelemetry.proto.trace.v1
// (https://github.com/open-telemetry/opentelemetry-proto, v1.x), written in one pass, because every recorded call makes
// two on its lane.

enum class SpanKind { kServer = 2, kClient = 3 };  // as in OTLP

// What every span has. It refers to the texts.
struct SpanHead {
  absl::string_view trace_id;   // 32 hex digits
  absl::string_view span_id;    // 16 hex digits
  absl::string_view parent_id;  // likewise, or "" for a root
  absl::string_view tracestate;
  absl::string_view name;
  SpanKind kind = SpanKind::kServer;
  absl::Time begin;
  absl::Time end;
};

// Writes one Span, field after field.
//
//   SpanWriter span(head);
//   span.Add("http.response.status_code", 200);
//   exporter->Add(span.bytes());
class SpanWriter {
 public:
  explicit SpanWriter(const SpanHead& head);

  // Attributes. What is empty, 0 or false is left out.
  void Add(absl::string_view key, absl::string_view value);
  void Add(absl::string_view key, int64_t value);
  void AddTrue(absl::string_view key, bool value);

  void AddEvent(absl::string_view name, absl::Time time, absl::Duration duration = absl::ZeroDuration());

  // The span is an error; `why` is a word or a sentence.
  void Fail(absl::string_view why);

  // Valid as long as the writer.
  absl::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// A serialized ExportTraceServiceRequest: the spans, in the order in which they were added, under what all of them are
// of: {"service.name", "interaction-gateway"}.
using Resource = std::vector<std::pair<std::string, std::string>>;
class SpanBatch {
 public:
  void Add(absl::string_view span);
  size_t size() const { return size_; }
  std::string ToRequest(const Resource& resource) const;

 private:
  std::string spans_;  // the field `spans` of ScopeSpans, repeated
  size_t size_ = 0;
};

}  // namespace interaction::telemetry
