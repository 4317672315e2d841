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

// Writes fields where there is room for them, which SizeOf() and its likes count. Every number of a field here is below
// 16, so that its tag is one byte.
class Fields {
 public:
  explicit Fields(char* at) : at_(at) {}

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

// The sizes of fields, with their tags. Most numbers take one byte.
size_t SizeOfVarint(uint64_t value) { return value < 0x80 ? 1 : CodedOutputStream::VarintSize64(value); }
size_t SizeOf(size_t bytes) { return 1 + SizeOfVarint(bytes) + bytes; }
size_t SizeOfNumber(uint64_t value) { return 1 + SizeOfVarint(value); }
constexpr size_t kSizeOfTime = 1 + 8;
size_t SizeOfPair(absl::string_view key, size_t value) { return SizeOf(SizeOf(key.size()) + SizeOf(value)); }

Fields& Fields::Key(int number, absl::string_view key, size_t size) {
  return Head(number, SizeOf(key.size()) + SizeOf(size)).Bytes(field::kKey, key).Head(field::kValue, size);
}

char* Extend(SpanBytes* bytes, size_t size) { return bytes->Extend(size); }
char* Extend(std::string* text, size_t size) {
  text->resize(text->size() + size);
  return text->data() + text->size() - size;
}

template <typename To>
void AppendBytes(int number, absl::string_view bytes, To* to) {
  Fields(Extend(to, SizeOf(bytes.size()))).Bytes(number, bytes);
}

template <typename To>
void AppendPair(int number, absl::string_view key, absl::string_view value, To* to) {
  const size_t size = SizeOf(value.size());
  Fields(Extend(to, SizeOfPair(key, size))).Key(number, key, size).Bytes(field::kStringValue, value);
}

template <typename To>
void AppendPair(int number, absl::string_view key, int value_field, uint64_t value, To* to) {
  const size_t size = SizeOfNumber(value);
  Fields(Extend(to, SizeOfPair(key, size))).Key(number, key, size).Number(value_field, value);
}

// The size of a message whose end is not known yet: room for a varint of five bytes, which any parser reads, also where
// fewer would do.
constexpr size_t kSizeOfLength = 5;

// Begins a message and tells where its size is.
size_t Begin(int number, std::string* to) {
  Fields(Extend(to, 1 + kSizeOfLength)).Head(number, 0);
  return to->size() - kSizeOfLength;
}

// Writes the size of the message that began there and ends with the text.
void End(size_t begin, std::string* text) {
  size_t size = text->size() - begin - kSizeOfLength;
  for (size_t i = 0; i < kSizeOfLength; ++i) {
    const bool is_last = i + 1 == kSizeOfLength;
    (*text)[begin + i] = static_cast<char>((size & 0x7f) | (is_last ? 0 : 0x80));
    size >>= 7;
  }
}

}  // namespace

SpanTemplate::SpanTemplate(absl::string_view name, SpanKind kind,
                           std::initializer_list<std::pair<absl::string_view, absl::string_view>> attributes) {
  const auto number = static_cast<uint64_t>(kind);
  Fields(Extend(&bytes_, SizeOf(name.size()) + SizeOfNumber(number)))
      .Bytes(field::kName, name)
      .Number(field::kKind, number);
  for (const auto& [key, value] : attributes) AppendPair(field::kAttributes, key, value, &bytes_);
}

char* SpanBytes::ExtendOnHeap(size_t size) {
  if (heap_.empty()) heap_.assign(inline_.data(), size_);
  return telemetry::Extend(&heap_, size);
}

SpanWriter::SpanWriter(const SpanTemplate& alike, const SpanHead& head) {
  const auto size_of_id = [](absl::string_view hex) { return hex.empty() ? 0 : SizeOf(hex.size() / 2); };
  Fields fields(bytes_.Extend(size_of_id(head.trace_id) + size_of_id(head.span_id) + size_of_id(head.parent_id) +
                              (head.tracestate.empty() ? 0 : SizeOf(head.tracestate.size())) + 2 * kSizeOfTime));
  if (!head.trace_id.empty()) fields.Id(field::kTraceId, head.trace_id);
  if (!head.span_id.empty()) fields.Id(field::kSpanId, head.span_id);
  if (!head.tracestate.empty()) fields.Bytes(field::kTraceState, head.tracestate);
  if (!head.parent_id.empty()) fields.Id(field::kParentId, head.parent_id);
  fields.Time(field::kBegin, head.begin).Time(field::kEnd, head.end);
  std::copy(alike.bytes().begin(), alike.bytes().end(), bytes_.Extend(alike.bytes().size()));
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
  Fields(Extend(&event, kSizeOfTime + SizeOf(name.size())))
      .Time(field::kEventTime, time)
      .Bytes(field::kEventName, name);
  if (duration > absl::ZeroDuration()) {
    AppendPair(field::kEventAttributes, "duration_ms", field::kIntValue,
               static_cast<uint64_t>(absl::ToInt64Milliseconds(duration)), &event);
  }
  AppendBytes(field::kEvents, event, &bytes_);
}

void SpanWriter::Fail(absl::string_view why) {
  const size_t size = SizeOf(why.size()) + SizeOfNumber(kStatusError);
  Fields(bytes_.Extend(SizeOf(size)))
      .Head(field::kStatus, size)
      .Bytes(field::kStatusMessage, why)
      .Number(field::kStatusCode, kStatusError);
}

SpanBatch::SpanBatch(const Resource& resource) : resource_at_(Begin(field::kResourceSpans, &request_)) {
  std::string attributes, scope;
  for (const auto& [key, value] : resource) AppendPair(field::kResourceAttributes, key, value, &attributes);
  AppendBytes(field::kResource, attributes, &request_);
  scope_at_ = Begin(field::kScopeSpans, &request_);
  AppendBytes(field::kScopeName, kScopeText, &scope);
  AppendBytes(field::kScope, scope, &request_);
  empty_size_ = request_.size();
}

void SpanBatch::Add(absl::string_view span) {
  Fields(Extend(&request_, SizeOf(span.size()) - span.size())).Head(field::kSpans, span.size());
  request_.append(span.data(), span.size());
  ++size_;
}

void SpanBatch::Clear() {
  request_.resize(empty_size_);
  size_ = 0;
}

absl::string_view SpanBatch::ToRequest() {
  End(scope_at_, &request_);
  End(resource_at_, &request_);
  return request_;
}

}  // namespace interaction::telemetry
