#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sandbox/message.h"

namespace interaction::sandbox {

class Vendor;

// What a scenario may use.
struct Stage {
  const Vendor& vendor;
  const Request& request;
  Reply usual;      // what the vendor would answer
  uint64_t serial;  // number of the interaction
  int number;       // the <n> of the scenario's name, 0 if it has none
};

// One way for an upstream to behave, usually badly, and what a caller of the gateway sees of it.
struct Scenario {
  absl::string_view name;     // "status-<n>": <n> stands for a number
  absl::string_view plays;    // what the upstream does, for people
  absl::string_view code;     // the gRPC code, "by code" where the number decides
  absl::string_view reason;   // ErrorInfo.reason, "" for OK
  absl::string_view outcome;  // "applied", "not_applied", "unknown"
  std::function<Reply(Stage stage)> play;
};

// The values of Scenario::outcome.
inline constexpr absl::string_view kApplied = "applied";
inline constexpr absl::string_view kNotApplied = "not_applied";
inline constexpr absl::string_view kUnknown = "unknown";

// A vendor that the sandbox plays, as the sandbox and the common scenarios know it. Immutable and pure: request in,
// reply out, without clock, I/O or state. Called by several threads at a time.
class Vendor {
 public:
  virtual ~Vendor() = default;

  // As in the statistics, the faults and the table of scenarios: "seethepro".
  virtual absl::string_view Name() const = 0;

  // The vendor gets the requests whose path begins so, unless another vendor has a longer prefix that fits. "" fits
  // every path.
  virtual absl::string_view PathPrefix() const = 0;

  // The header that carries the caller's token. Its value is never shown, and the requests in flight are counted for
  // each value. "" if the token is not in a header: then nothing is counted.
  virtual absl::string_view TokenHeader() const { return ""; }

  // The delay of an answer while `simultaneous` requests with the token are in flight, including this one.
  virtual absl::Duration Delay(int simultaneous) const = 0;

  // What the vendor answers to the request, which makes interaction number `serial`. `Reply.scenario` is set when the
  // request would succeed and asks for a scenario.
  virtual Reply Answer(const Request& request, uint64_t serial, int simultaneous) const = 0;

  // A refusal in the vendor's own form. `error` is a short name, such as "NOT FOUND", for vendors that use one.
  virtual Reply Refuse(const Request& request, int status, absl::string_view error, absl::string_view text) const = 0;

  // 401, because the credential is missing or wrong.
  virtual Reply RefuseCredential(const Request& request) const = 0;

  // 400, because the request asks for a scenario that does not exist.
  virtual Reply RefuseScenario(const Request& request, absl::string_view text) const {
    return Refuse(request, 400, "BAD REQUEST", text);
  }

  // The usual answer with null in place of its content.
  virtual Reply NullResult(const Request&, Reply usual) const {
    usual.body = "null";
    return usual;
  }

  // The scenarios of this vendor alone, in the order in which they are listed. Valid as long as the vendor.
  virtual absl::Span<const Scenario> OwnScenarios() const { return {}; }
};

}  // namespace interaction::sandbox
