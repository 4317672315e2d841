#include "server/telemetry/otlp.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/escaping.h"

namespace interaction::telemetry {
namespace {

using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Numbers of the fields in opentelemetry/proto/{collector/trace/v1/trace_service,trace/v1/trace,resource/v1/resource,
// common/v1/common}.proto. Debian has no package of them, and these never change.
namespace field {
constexpr int kResourceSpans = 1;              // ExportTraceServiceRequest
constexpr int kResource = 1, kScopeSpans = 2;  // ResourceSpans
constexpr int kResourceAttributes = 1;         // Resource
constexpr int kScope = 1, kSpans = 2;          // ScopeSpans
constexpr int kScopeName = 1;                  // InstrumentationScope
constexpr int kTraceId = 1, kSpanId = 2, kTraceState = 3, kParentId = 4, kName = 5, kKind = 6, kBegin = 7, kEnd = 8,
              kAttributes = 9, kEvents = 11, kStatus = 15;             // Span
constexpr int kEventTime = 1, kEventName = 2, kEventAttributes = 3;    // Span.Event
constexpr int kStatusMessage = 2, kStatusCode = 3;                     // Status
constexpr int kKey = 1, kValue = 2;                                    // KeyValue
constexpr int kStringValue = 1, kBoolValue = 2, kIntValue = 3;         // AnyValue
}  // namespace field

constexpr int kStatusError = 2;  // Status.StatusCode
constexpr char kScopeText[] = "interaction-gateway";

// One message: its fields, in order.
class Message {
 public:
  void Add(int number, absl::string_view bytes) {
    if (!bytes.empty()) AddAlways(number, bytes);
  }
  void Add(int number, const Message& message) { AddAlways(number, message.bytes_); }
  void AddAlways(int number, absl::string_view bytes) {
    Write([&](CodedOutputStream& out) {
      out.WriteTag(Tag(number, kLengthDelimited));
      out.WriteVarint32(static_cast<uint32_t>(bytes.size()));
      out.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
    });
  }
  void AddVarint(int number, uint64_t value) {
    Write([&](CodedOutputStream& out) {
      out.WriteTag(Tag(number, kVarint));
      out.WriteVarint64(value);
    });
  }
  void AddFixed64(int number, uint64_t value) {
    Write([&](CodedOutputStream& out) {
      out.WriteTag(Tag(number, kFixed64));
      out.WriteLittleEndian64(value);
    });
  }
  std::string Take() { return std::move(bytes_); }

 private:
  static constexpr uint32_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2;
  static constexpr uint32_t Tag(int number, uint32_t wire_type) { return static_cast<uint32_t>(number) << 3 | wire_type; }

  template <typename Put>
  void Write(Put&& put) {
    StringOutputStream stream(&bytes_);  // appends
    CodedOutputStream out(&stream);
    put(out);
  }

  std::string bytes_;
};

Message ValueOf(const Span::Value& value) {
  Message message;
  if (const auto* text = std::get_if<std::string>(&value)) {
    message.AddAlways(field::kStringValue, *text);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    message.AddVarint(field::kIntValue, static_cast<uint64_t>(*number));
  } else {
    message.AddVarint(field::kBoolValue, std::get<bool>(value) ? 1 : 0);
  }
  return message;
}

void AddAttributes(int number, const Span::Attributes& attributes, Message* to) {
  for (const auto& [key, value] : attributes) {
    Message pair;
    pair.Add(field::kKey, key);
    pair.Add(field::kValue, ValueOf(value));
    to->Add(number, pair);
  }
}

uint64_t UnixNanos(absl::Time time) { return static_cast<uint64_t>(absl::ToUnixNanos(time)); }

Message EventOf(const Span::Event& event) {
  Message message;
  message.AddFixed64(field::kEventTime, UnixNanos(event.time));
  message.Add(field::kEventName, event.name);
  AddAttributes(field::kEventAttributes, event.attributes, &message);
  return message;
}

Message SpanOf(const Span& span) {
  Message message;
  message.Add(field::kTraceId, absl::HexStringToBytes(span.trace_id));
  message.Add(field::kSpanId, absl::HexStringToBytes(span.span_id));
  message.Add(field::kTraceState, span.tracestate);
  message.Add(field::kParentId, absl::HexStringToBytes(span.parent_id));
  message.Add(field::kName, span.name);
  message.AddVarint(field::kKind, static_cast<uint64_t>(span.kind));
  message.AddFixed64(field::kBegin, UnixNanos(span.begin));
  message.AddFixed64(field::kEnd, UnixNanos(span.end));
  AddAttributes(field::kAttributes, span.attributes, &message);
  for (const Span::Event& event : span.events) message.Add(field::kEvents, EventOf(event));
  if (span.is_error) {
    Message status;
    status.Add(field::kStatusMessage, span.error);
    status.AddVarint(field::kStatusCode, kStatusError);
    message.Add(field::kStatus, status);
  }
  return message;
}

}  // namespace

std::string EncodeTraces(const Span::Attributes& resource, absl::Span<const Span> spans) {
  Message scope, scope_spans, its_resource, resource_spans, request;
  scope.Add(field::kScopeName, kScopeText);
  scope_spans.Add(field::kScope, scope);
  for (const Span& span : spans) scope_spans.Add(field::kSpans, SpanOf(span));
  AddAttributes(field::kResourceAttributes, resource, &its_resource);
  resource_spans.Add(field::kResource, its_resource);
  resource_spans.Add(field::kScopeSpans, scope_spans);
  request.Add(field::kResourceSpans, resource_spans);
  return request.Take();
}

}  // namespace interaction::telemetry
