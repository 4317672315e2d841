#include "server/telemetry/otlp.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

#include "server/base/hex.h"

namespace interaction::telemetry {
namespace {

using google::protobuf::io::CodedOutputStream;

// Numbers of the fields in opentelemetry/proto/{collector/trace/v1/trace_service,trace/v1/trace,resource/v1/resource,
// common/v1/common}.proto. Debian has no package of them, and these never change.
namespace field {
constexpr int kResourceSpans = 1;              // ExportTraceServiceRequest
constexpr int kResource = 1, kScopeSpans = 2;  // ResourceSpans
constexpr int kResourceAttributes = 1;         // Resource
constexpr int kScope = 1, kSpans = 2;          // ScopeSpans
constexpr int kScopeName = 1;                  // InstrumentationScope
constexpr int kTraceId = 1, kSpanId = 2, kTraceState = 3, kParentId = 4, kName = 5, kKind = 6, kBegin = 7, kEnd = 8,
              kAttributes = 9, kEvents = 11, kStatus = 15;           // Span
constexpr int kEventTime = 1, kEventName = 2, kEventAttributes = 3;  // Span.Event
constexpr int kStatusMessage = 2, kStatusCode = 3;                   // Status
constexpr int kKey = 1, kValue = 2;                                  // KeyValue
constexpr int kStringValue = 1, kBoolValue = 2, kIntValue = 3;       // AnyValue
}  // namespace field

constexpr uint64_t kStatusError = 2;  // Status.StatusCode
constexpr absl::string_view kScopeText = "interaction-gateway";

constexpr uint32_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2;  // wire types

// Writes fields at the end of a text, which grows once for all of them: room for a span's attribute is made in one step
// and not in eight. Every number of a field here is below 16, so that its tag is one byte.
class Fields {
 public:
  // `size`: exactly what is written.
  Fields(std::string* to, size_t size) {
    const size_t old_size = to->size();
    to->resize(old_size + size);
    at_ = to->data() + old_size;
  }

  Fields& Head(int number, size_t size) {
    Tag(number, kLengthDelimited);
    return Varint(size);
  }
  Fields& Bytes(int number, absl::string_view bytes) {
    Head(number, bytes.size());
    at_ = std::copy_n(bytes.data(), bytes.size(), at_);  // what is empty may have no address
    return *this;
  }
  Fields& Number(int number, uint64_t value) {
    Tag(number, kVarint);
    return Varint(value);
  }
  Fields& Time(int number, absl::Time time) {
    Tag(number, kFixed64);
    auto* const from = reinterpret_cast<uint8_t*>(at_);
    const auto* const end =
        CodedOutputStream::WriteLittleEndian64ToArray(static_cast<uint64_t>(absl::ToUnixNanos(time)), from);
    at_ += end - from;
    return *this;
  }
  // An id, which is given in hex, as bytes.
  Fields& Id(int number, absl::string_view hex) {
    Head(number, hex.size() / 2);
    HexToBytes(hex, at_);
    at_ += hex.size() / 2;
    return *this;
  }
  // A KeyValue, whose AnyValue takes `size` bytes and is written next.
  Fields& Key(int number, absl::string_view key, size_t size);

 private:
  void Tag(int number, uint32_t wire_type) { *at_++ = static_cast<char>(number << 3 | static_cast<int>(wire_type)); }
  Fields& Varint(uint64_t value) {
    auto* const from = reinterpret_cast<uint8_t*>(at_);
    const auto* const end = CodedOutputStream::WriteVarint64ToArray(value, from);
    at_ += end - from;
    return *this;
  }

  char* at_;
};

// The sizes of fields, with their tags.
size_t SizeOf(size_t bytes) { return 1 + CodedOutputStream::VarintSize64(bytes) + bytes; }
size_t SizeOfNumber(uint64_t value) { return 1 + CodedOutputStream::VarintSize64(value); }
constexpr size_t kSizeOfTime = 1 + 8;
constexpr size_t kLongestOfOneByte = 127;  // whose size is a varint of one byte
size_t SizeOfPair(absl::string_view key, size_t value) { return SizeOf(SizeOf(key.size()) + SizeOf(value)); }

Fields& Fields::Key(int number, absl::string_view key, size_t size) {
  return Head(number, SizeOf(key.size()) + SizeOf(size)).Bytes(field::kKey, key).Head(field::kValue, size);
}

void AppendBytes(int number, absl::string_view bytes, std::string* to) {
  Fields(to, SizeOf(bytes.size())).Bytes(number, bytes);
}

// A KeyValue with a text, all of whose sizes take one byte, as nearly all do: written without counting them first.
void AppendShortPair(int number, absl::string_view key, absl::string_view value, std::string* to) {
  constexpr char kKeyTag = field::kKey << 3 | kLengthDelimited, kValueTag = field::kValue << 3 | kLengthDelimited,
                 kStringTag = field::kStringValue << 3 | kLengthDelimited;
  const auto size = [](size_t bytes) { return static_cast<char>(bytes); };
  char bytes[kLongestOfOneByte + 1];
  char* at = bytes;
  for (const char c : {static_cast<char>(number << 3 | static_cast<int>(kLengthDelimited)),
                       size(2 + key.size() + 4 + value.size()), kKeyTag, size(key.size())}) {
    *at++ = c;
  }
  at = std::copy_n(key.data(), key.size(), at);
  for (const char c : {kValueTag, size(2 + value.size()), kStringTag, size(value.size())}) *at++ = c;
  at = std::copy_n(value.data(), value.size(), at);
  to->append(bytes, static_cast<size_t>(at - bytes));
}

void AppendPair(int number, absl::string_view key, absl::string_view value, std::string* to) {
  if (key.size() + value.size() + 8 <= kLongestOfOneByte) return AppendShortPair(number, key, value, to);
  const size_t size = SizeOf(value.size());
  Fields(to, SizeOfPair(key, size)).Key(number, key, size).Bytes(field::kStringValue, value);
}

void AppendPair(int number, absl::string_view key, int value_field, uint64_t value, std::string* to) {
  const size_t size = SizeOfNumber(value);
  Fields(to, SizeOfPair(key, size)).Key(number, key, size).Number(value_field, value);
}

}  // namespace

SpanWriter::SpanWriter(const SpanHead& head) {
  bytes_.reserve(1024);  // more than most take
  const auto size_of_id = [](absl::string_view hex) { return hex.empty() ? 0 : SizeOf(hex.size() / 2); };
  const auto kind = static_cast<uint64_t>(head.kind);
  Fields fields(&bytes_, size_of_id(head.trace_id) + size_of_id(head.span_id) + size_of_id(head.parent_id) +
                             (head.tracestate.empty() ? 0 : SizeOf(head.tracestate.size())) + SizeOf(head.name.size()) +
                             SizeOfNumber(kind) + 2 * kSizeOfTime);
  if (!head.trace_id.empty()) fields.Id(field::kTraceId, head.trace_id);
  if (!head.span_id.empty()) fields.Id(field::kSpanId, head.span_id);
  if (!head.tracestate.empty()) fields.Bytes(field::kTraceState, head.tracestate);
  if (!head.parent_id.empty()) fields.Id(field::kParentId, head.parent_id);
  fields.Bytes(field::kName, head.name).Number(field::kKind, kind);
  fields.Time(field::kBegin, head.begin).Time(field::kEnd, head.end);
}

void SpanWriter::Add(absl::string_view key, absl::string_view value) {
  if (!value.empty()) AppendPair(field::kAttributes, key, value, &bytes_);
}

void SpanWriter::Add(absl::string_view key, int64_t value) {
  if (value != 0) AppendPair(field::kAttributes, key, field::kIntValue, static_cast<uint64_t>(value), &bytes_);
}

void SpanWriter::AddTrue(absl::string_view key, bool value) {
  if (value) AppendPair(field::kAttributes, key, field::kBoolValue, 1, &bytes_);
}

void SpanWriter::AddEvent(absl::string_view name, absl::Time time, absl::Duration duration) {
  std::string event;
  Fields(&event, kSizeOfTime + SizeOf(name.size())).Time(field::kEventTime, time).Bytes(field::kEventName, name);
  if (duration > absl::ZeroDuration()) {
    AppendPair(field::kEventAttributes, "duration_ms", field::kIntValue,
               static_cast<uint64_t>(absl::ToInt64Milliseconds(duration)), &event);
  }
  AppendBytes(field::kEvents, event, &bytes_);
}

void SpanWriter::Fail(absl::string_view why) {
  const size_t size = SizeOf(why.size()) + SizeOfNumber(kStatusError);
  Fields(&bytes_, SizeOf(size))
      .Head(field::kStatus, size)
      .Bytes(field::kStatusMessage, why)
      .Number(field::kStatusCode, kStatusError);
}

void SpanBatch::Add(absl::string_view span) {
  AppendBytes(field::kSpans, span, &spans_);
  ++size_;
}

std::string SpanBatch::ToRequest(const Resource& resource) const {
  std::string its_resource, scope, scope_spans, resource_spans, request;
  for (const auto& [key, value] : resource) AppendPair(field::kResourceAttributes, key, value, &its_resource);
  AppendBytes(field::kScopeName, kScopeText, &scope);
  AppendBytes(field::kScope, scope, &scope_spans);
  AppendBytes(field::kResource, its_resource, &resource_spans);
  const size_t scope_size = scope_spans.size() + spans_.size();
  Fields(&resource_spans, SizeOf(scope_size) - scope_size).Head(field::kScopeSpans, scope_size);
  const size_t resource_size = resource_spans.size() + scope_size;
  Fields(&request, SizeOf(resource_size) - resource_size).Head(field::kResourceSpans, resource_size);
  request.append(resource_spans).append(scope_spans).append(spans_);
  return request;
}

}  // namespace interaction::telemetry
