#include "client/cli/verbose.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "client/new_request_id.h"

namespace interaction::cli {
namespace {

constexpr char kTraceParent[] = "traceparent";
constexpr size_t kSpanIdDigits = 16;

std::string RandomDigits() { return absl::StrReplaceAll(NewRequestId(), {{"-", ""}}); }

}  // namespace

std::string RouteOf(const Session& session) {
  const GlobalOptions& flags = session.options;
  const std::string through = flags.proxy.empty() ? "" : " through a proxy";
  return absl::StrCat(flags.address, UsesTls(flags) ? " over TLS" : " in plaintext", through);
}

void Verbose::Begin(absl::string_view request_id, CallOptions& options) {
  if (!session_.options.verbose) return;
  session_.err << "* to " << RouteOf(session_) << "\n";
  if (!request_id.empty()) session_.err << "* request_id " << request_id << "\n";
  const auto trace = std::find_if(options.metadata.begin(), options.metadata.end(),
                                  [](const auto& entry) { return entry.first == kTraceParent; });
  if (trace == options.metadata.end()) {
    const std::string trace_id = RandomDigits();
    options.metadata.emplace_back(kTraceParent,
                                  absl::StrCat("00-", trace_id, "-", RandomDigits().substr(0, kSpanIdDigits), "-01"));
    session_.err << "* trace id " << trace_id << "\n";
  } else {
    session_.err << "* traceparent " << trace->second << "\n";
  }
  options.report = &report_;
  begin_ = absl::Now();
}

void Verbose::End() {
  if (!session_.options.verbose) return;
  const std::string duration = absl::FormatDuration(absl::Trunc(absl::Now() - begin_, absl::Microseconds(10)));
  if (report_.attempts == 0) {
    session_.err << "* not sent, after " << duration << "\n";
    return;
  }
  session_.err << "* " << (report_.peer.empty() ? "nobody" : report_.peer) << " answered after " << duration;
  if (report_.attempts > 1) session_.err << ", at attempt " << report_.attempts;
  session_.err << "\n";
}

}  // namespace interaction::cli
