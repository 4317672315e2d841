#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/telemetry/ids.h"

namespace interaction::telemetry {

// Spans as OTLP carries them: serialized messages of opentelemetry.proto.trace.v1
// (https://github.com/open-telemetry/opentelemetry-proto, v1.x), written in one pass, because every recorded call makes
// two on its lane.

enum class SpanKind { kServer = 2, kClient = 3 };  // as in OTLP

// What all spans of one sort have alike, serialized once.
class SpanTemplate {
 public:
  SpanTemplate(absl::string_view name, SpanKind kind,
               std::initializer_list<std::pair<absl::string_view, absl::string_view>> attributes);

  absl::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// What every span has of its own. It refers to the texts.
struct SpanHead {
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_id;  // none for a root
  absl::string_view tracestate;
  absl::Time begin;
  absl::Time end;
};

// Bytes that grow at their end: on the stack as long as they are few.
class SpanBytes {
 public:
  // Adds this many and tells where: the caller writes them before it asks for more.
  char* Extend(size_t size) {
    if (!heap_.empty() || size_ + size > inline_.size()) return ExtendOnHeap(size);
    size_ += size;
    return inline_.data() + size_ - size;
  }
  absl::string_view view() const { return heap_.empty() ? absl::string_view(inline_.data(), size_) : heap_; }

 private:
  char* ExtendOnHeap(size_t size);

  size_t size_ = 0;                // of those on the stack
  std::array<char, 1024> inline_;  // more than most take; not set to zero
  std::string heap_;
};

// Writes one Span, field after field.
//
//   SpanWriter span(kPost, head);
//   span.Add("http.response.status_code", 200);
//   exporter->Add(span.bytes());
class SpanWriter {
 public:
  SpanWriter(const SpanTemplate& alike, const SpanHead& head);

  // Attributes. What is empty, 0 or false is left out.
  void Add(absl::string_view key, absl::string_view value);
  void Add(absl::string_view key, int64_t value);
  void AddTrue(absl::string_view key, bool value);

  void AddEvent(absl::string_view name, absl::Time time, absl::Duration duration = absl::ZeroDuration());

  // The span is an error; `why` is a word or a sentence.
  void Fail(absl::string_view why);

  // Valid as long as the writer, until it writes more.
  absl::string_view bytes() const { return bytes_.view(); }

 private:
  SpanBytes bytes_;
};

// An ExportTraceServiceRequest: spans, in the order in which they were added, under what all of them are of, such as
// {"service.name", "interaction-gateway"}. It is written in place, and its memory is used again after Clear().
using Resource = std::vector<std::pair<std::string, std::string>>;
class SpanBatch {
 public:
  explicit SpanBatch(const Resource& resource);

  void Add(absl::string_view span);
  void Clear();
  size_t size() const { return size_; }

  // The message, serialized. Valid until the batch is changed.
  absl::string_view ToRequest();

 private:
  std::string request_;
  size_t resource_at_, scope_at_;  // where the sizes of ResourceSpans and of ScopeSpans are
  size_t empty_size_;              // of the request without spans
  size_t size_ = 0;
};

}  // namespace interaction::telemetry
