// Headers of a request: what HeaderReader, the reading of grpc-timeout, of the metadata that the gateway acts on and of
// the trace context make of them. The input is lines of "name:value".
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "rules/guid.h"
#include "server/h2/request_head.h"
#include "server/rpc/call_metadata.h"
#include "server/telemetry/trace_context.h"

namespace interaction {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

bool IsHex(absl::string_view text, size_t size) {
  if (text.size() != size) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) && (c < 'a' || c > 'f')) return false;
  }
  return text.find_first_not_of('0') != absl::string_view::npos;
}

// What is passed on to the upstream is well formed, whatever came in, and means the same when it is read again.
void CheckTrace(const telemetry::TraceContext& trace) {
  Check(trace.trace_id.empty() || IsHex(trace.trace_id, 32));
  Check(trace.trace_id.empty() == trace.span_id.empty());
  Check(trace.span_id.empty() || IsHex(trace.span_id, 16));
  Check(trace.tracestate.size() <= 512 && trace.request_id.size() <= 128);
  std::map<std::string, std::string, std::less<>> sent;
  telemetry::AppendHeaders(trace, /*with_b3=*/false, [&](absl::string_view name, std::string value) {
    for (const char c : value) Check(c >= 0x20 && c < 0x7f);
    sent.emplace(name, std::move(value));
  });
  const telemetry::TraceContext again = telemetry::FromMetadata([&](absl::string_view name) {
    const auto found = sent.find(name);
    return found == sent.end() ? absl::string_view() : absl::string_view(found->second);
  });
  Check(again.trace_id == trace.trace_id && again.span_id == trace.span_id && again.request_id == trace.request_id);
}

void CheckMetadata(const h2::RequestHead& head) {
  if (head.timeout) Check(*head.timeout >= absl::ZeroDuration() && *head.timeout <= absl::Hours(24));
  const rpc::CallMetadata metadata = rpc::ReadMetadata(head.metadata);
  for (const bool required : {false, true}) {
    const absl::StatusOr<std::string> id = rpc::RequestIdOf("", metadata, required);
    if (id.ok() && !id->empty()) Check(*CanonicalUuid(*id) == *id);
    if (id.ok()) Check(!required || !id->empty());
  }
  const std::string id = rpc::RequestIdIfValid("", metadata);
  if (!id.empty()) Check(*CanonicalUuid(id) == id);
  CheckTrace(rpc::TraceContextOf(head.metadata));
}

void Run(absl::string_view input) {
  h2::HeaderReader reader;
  for (const absl::string_view line : absl::StrSplit(input, '\n')) {
    const std::pair<absl::string_view, absl::string_view> header = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (header.first.empty() && absl::StartsWith(header.second, "path:")) {  // ":path:/package.Service/Method"
      reader.Add(":path", header.second.substr(5));
    } else {
      reader.Add(header.first, header.second);
    }
  }
  (void)reader.HttpStatus();
  (void)reader.Parse();  // head() has what could be read
  CheckMetadata(reader.head());
  if (const auto timeout = h2::ParseTimeout(input); timeout) Check(*timeout <= absl::Hours(24));
}

}  // namespace
}  // namespace interaction

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  interaction::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
