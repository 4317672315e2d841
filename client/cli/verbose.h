#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/session.h"
#include "interaction/client.h"

namespace interaction::cli {

// "127.0.0.1:50051 in plaintext", for messages.
std::string RouteOf(const Session& session);

// What --verbose tells about one call, on standard error: where it goes, the trace that it belongs to, who answered and
// when. Does nothing without the flag.
class Verbose {
 public:
  explicit Verbose(Session& session) : session_(session) {}

  // Before the call: lets `options` report to this, and gives the call a trace, unless it has one. The gateway's spans,
  // its log and the vendor's request name the trace.
  void Begin(absl::string_view request_id, CallOptions& options);

  // After the call.
  void End();

 private:
  Session& session_;
  CallReport report_;
  absl::Time begin_;
};

}  // namespace interaction::cli
