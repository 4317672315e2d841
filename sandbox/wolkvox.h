#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sandbox/message.h"

// wolkvox as its help pages describe it (`POST api/v2/configuration.php?api=add_interaction`) and its clients see it: a
// PHP program that says in the body what went wrong. Pure functions: no clock, no I/O, no memory.
namespace interaction::sandbox::wolkvox {

constexpr absl::string_view kPath = "/api/v2/configuration.php";

// Values of the header wolkvox-token with a meaning; any other opens the door.
constexpr absl::string_view kInvalidToken = "invalid-token";      // 403 PLEASE VALIDATE TOKEN
constexpr absl::string_view kExhaustedToken = "exhausted-token";  // 403 TOKEN LIMIT EXCEEDED
constexpr absl::string_view kBusyToken = "busy-token";            // 403 EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS

struct Options {
  int simultaneous = 2;               // requests of one token at one time
  bool require_server_header = true;  // refuse a request without the header wolkvox_server
  bool mirror_status = true;          // HTTP status = code of the body; otherwise always 200
  bool close = false;                 // answer with Connection: close
};

// The token of a request, "" for none.
std::string TokenOf(const Request& request);

// What wolkvox answers while `simultaneous` requests of the token are under way, this one included. `Reply.scenario` is
// set when the request would succeed and its rp_id is `sandbox:<scenario>`.
Reply Answer(const Request& request, int simultaneous, const Options& options);

// An answer as PHP's json_encode writes it: code as a string, non-ASCII text and slashes escaped. Without `error` it is
// null.
Reply Say(const Options& options, int code, const std::optional<std::string>& error, absl::string_view message);

// Marks a body that is already written as the answer.
Reply SayVerbatim(const Options& options, int code, std::string body);

// The text of success, with the blank at its end as on the page.
std::string AssignedMessage(absl::string_view routing_point);

}  // namespace interaction::sandbox::wolkvox
