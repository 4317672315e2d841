#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/http/message.h"

namespace interaction::testing {

// One thing that a scripted upstream does on a connection. Made by the functions below.
struct Step {
  enum class Kind { kSend, kDrip, kPause, kWaitFor, kAwaitBytes, kClose, kCut, kReset, kHang };
  Kind kind = Kind::kHang;
  std::string bytes;
  int64_t times = 1;                         // kSend
  absl::Duration interval;                   // kDrip, kPause
  const absl::Notification* gate = nullptr;  // kWaitFor
};

// What is done one after the other. Where a script ends without having ended the connection, the next request is read.
using Script = std::vector<Step>;

// The bytes of a response with Content-Length; `headers` follow the usual ones.
std::string HttpResponse(int status, absl::string_view content_type, absl::string_view body,
                         const std::vector<http::Header>& headers = {});

// Writes a complete response.
Step Respond(int status, absl::string_view content_type, absl::string_view body,
             const std::vector<http::Header>& headers = {});
Step RespondJson(int status, absl::string_view body, const std::vector<http::Header>& headers = {});

// Writes any bytes, once or as often as the client takes them: a body without end costs no memory.
Step Send(std::string bytes, int64_t times = 1);
inline constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

// Writes the bytes one at a time.
Step Drip(std::string bytes, absl::Duration interval);

Step Pause(absl::Duration duration);

// Goes on when the test says so. `gate` outlives the upstream.
Step WaitFor(const absl::Notification& gate);

// Goes on when the client has sent anything that was not read yet, such as a ClientHello.
Step AwaitBytes();

// Ends the connection in good order: FIN, in TLS after close_notify.
Step Close();

// Ends the connection with FIN but, in TLS, without close_notify: as an attacker would who cuts an answer short.
Step Cut();

// Ends the connection with RST.
Step Reset();

// Does nothing more, but keeps the connection open.
Step Hang();

// A request as it arrived, complete.
struct RecordedRequest {
  std::string method;
  std::string target;
  std::string version;                // "HTTP/1.1"
  std::vector<http::Header> headers;  // in order, as spelled
  std::string body;
  int connection = 0;      // 0 for the first that was accepted
  int on_connection = 0;   // 0 for the first request on its connection
  SteadyTime arrived = 0;  // when its last byte had been read; RealClock's time
};

// Decides what is done about a request. Runs on the upstream's thread.
using Handler = std::function<Script(const RecordedRequest&)>;

// The same for every request.
Handler Always(Script script);

// The first script for the first request, the second for the second..., the last one for all that follow.
Handler InOrder(std::vector<Script> scripts);

}  // namespace interaction::testing
