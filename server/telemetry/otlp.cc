#include "server/telemetry/otlp.h"

#include <google/protobuf/io/coded_stream.h>

#include <array>

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

// Every number of a field here is below 16, so that its tag is one byte.
void AppendTag(int number, uint32_t wire_type, std::string* to) {
  to->push_back(static_cast<char>(number << 3 | static_cast<int>(wire_type)));
}

void AppendVarint(uint64_t value, std::string* to) {
  std::array<uint8_t, 10> bytes;
  const uint8_t* const end = CodedOutputStream::WriteVarint64ToArray(value, bytes.data());
  to->append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(end - bytes.data()));
}

void AppendHead(int number, size_t size, std::string* to) {
  AppendTag(number, kLengthDelimited, to);
  AppendVarint(size, to);
}

void AppendBytes(int number, absl::string_view bytes, std::string* to) {
  AppendHead(number, bytes.size(), to);
  to->append(bytes.data(), bytes.size());
}

void AppendNumber(int number, uint64_t value, std::string* to) {
  AppendTag(number, kVarint, to);
  AppendVarint(value, to);
}

void AppendFixed64(int number, uint64_t value, std::string* to) {
  AppendTag(number, kFixed64, to);
  std::array<uint8_t, 8> bytes;
  CodedOutputStream::WriteLittleEndian64ToArray(value, bytes.data());
  to->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void AppendTime(int number, absl::Time time, std::string* to) {
  AppendFixed64(number, static_cast<uint64_t>(absl::ToUnixNanos(time)), to);
}

// The size of a field of bytes, with its tag.
size_t SizeOf(size_t bytes) { return 1 + CodedOutputStream::VarintSize64(bytes) + bytes; }

// An id, which is written in hex, as bytes.
void AppendId(int number, absl::string_view hex, std::string* to) {
  if (hex.empty()) return;
  AppendHead(number, hex.size() / 2, to);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    to->push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
}

// A KeyValue, whose AnyValue takes `size` bytes and is written next.
void AppendKey(int number, absl::string_view key, size_t size, std::string* to) {
  AppendHead(number, SizeOf(key.size()) + SizeOf(size), to);
  AppendBytes(field::kKey, key, to);
  AppendHead(field::kValue, size, to);
}

void AppendPair(int number, absl::string_view key, absl::string_view value, std::string* to) {
  AppendKey(number, key, SizeOf(value.size()), to);
  AppendBytes(field::kStringValue, value, to);
}

void AppendPair(int number, absl::string_view key, int value_field, uint64_t value, std::string* to) {
  AppendKey(number, key, 1 + CodedOutputStream::VarintSize64(value), to);
  AppendNumber(value_field, value, to);
}

}  // namespace

SpanWriter::SpanWriter(const SpanHead& head) {
  bytes_.reserve(1024);  // more than most take
  AppendId(field::kTraceId, head.trace_id, &bytes_);
  AppendId(field::kSpanId, head.span_id, &bytes_);
  if (!head.tracestate.empty()) AppendBytes(field::kTraceState, head.tracestate, &bytes_);
  AppendId(field::kParentId, head.parent_id, &bytes_);
  AppendBytes(field::kName, head.name, &bytes_);
  AppendNumber(field::kKind, static_cast<uint64_t>(head.kind), &bytes_);
  AppendTime(field::kBegin, head.begin, &bytes_);
  AppendTime(field::kEnd, head.end, &bytes_);
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
  AppendTime(field::kEventTime, time, &event);
  AppendBytes(field::kEventName, name, &event);
  if (duration > absl::ZeroDuration()) {
    AppendPair(field::kEventAttributes, "duration_ms", field::kIntValue,
               static_cast<uint64_t>(absl::ToInt64Milliseconds(duration)), &event);
  }
  AppendBytes(field::kEvents, event, &bytes_);
}

void SpanWriter::Fail(absl::string_view why) {
  std::string status;
  AppendBytes(field::kStatusMessage, why, &status);
  AppendNumber(field::kStatusCode, kStatusError, &status);
  AppendBytes(field::kStatus, status, &bytes_);
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
  AppendHead(field::kScopeSpans, scope_spans.size() + spans_.size(), &resource_spans);
  AppendHead(field::kResourceSpans, resource_spans.size() + scope_spans.size() + spans_.size(), &request);
  request.append(resource_spans).append(scope_spans).append(spans_);
  return request;
}

}  // namespace interaction::telemetry
