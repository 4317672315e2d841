#include "server/rpc/trace_headers.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/telemetry/trace_context.h"

namespace interaction::rpc {

void AppendTraceHeaders(const grpc::ServerContext& context, bool with_b3, std::vector<http::Header>* headers) {
  const auto& metadata = context.client_metadata();
  std::string joined;
  const auto lookup = [&](absl::string_view name) -> absl::string_view {
    const auto [first, last] = metadata.equal_range(grpc::string_ref(name.data(), name.size()));
    if (first == last) return {};
    const absl::string_view value(first->second.data(), first->second.size());
    if (std::next(first) == last) return value;
    joined = std::string(value);
    for (auto it = std::next(first); it != last; ++it) {
      absl::StrAppend(&joined, ",", absl::string_view(it->second.data(), it->second.size()));
    }
    return joined;
  };
  const telemetry::TraceContext trace = telemetry::FromMetadata(lookup);
  telemetry::AppendHeaders(trace, with_b3, [headers](absl::string_view name, std::string value) {
    headers->push_back({std::string(name), std::move(value)});
  });
}

}  // namespace interaction::rpc
