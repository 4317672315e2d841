#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/client.h"
#include "server/http/message.h"
#include "server/upstream/credential.h"

namespace interaction::upstream {

// The reply to a call that opened an interaction.
struct Reply {
  std::string message;         // serialized, as it goes to the caller
  std::string interaction_id;  // what the vendor calls the interaction; "" if it tells no such name
};

// A request of a call that has passed all checks, with all that it takes to send it and to understand the answer; the
// vendor is hidden. Pure: same input, same bytes. It lives no longer than the Upstream that it was prepared by.
class PreparedRequest {
 public:
  virtual ~PreparedRequest() = default;

  // The credential that goes to the vendor.
  virtual const Credential& credential() const = 0;

  // The same bytes for every request that asks for the same; no credential and no request_id in them.
  virtual std::string CanonicalBytes() const = 0;

  // The vendor's request: the same bytes each time.
  virtual absl::StatusOr<http::Request> Encode() const = 0;

  // What a complete response means: the reply, or the error that it amounts to. "HTTP 200 that means failure" is an
  // error from here on. `now` is for HTTP dates.
  virtual absl::StatusOr<Reply> Decode(const http::Response& response, absl::Time now) const = 0;
};

// What became of the bytes of a request.
struct Preparation {
  // In canonical form; of a request that is refused, as the caller wrote it. "" if there is none.
  std::string request_id;
  // MALFORMED_REQUEST, CALLER_CREDENTIALS_FORBIDDEN or INVALID_REQUEST when it is refused.
  absl::StatusOr<std::unique_ptr<const PreparedRequest>> request;
};

// The RPC of one vendor, without its types. Pure and thread-safe.
class Method {
 public:
  virtual ~Method() = default;

  // Reads a request: parses it, asks whether the caller may send what it sent, checks every field.
  virtual Preparation Prepare(absl::string_view message) const = 0;
};

struct UpstreamOptions {
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that brings none
  absl::Duration max_deadline = absl::Seconds(60);      // a longer one is cut to this
  absl::Duration late_answer_time = absl::Seconds(30);  // how long an answer counts after its caller has left
  bool propagate_b3 = false;                            // trace context goes upstream as b3 too
  bool require_request_id = false;
};

// A vendor as one call sees it: a snapshot that does not change. A call keeps the one that it began with, so another
// can be published while calls are under way. What outlives it (breakers, permits, retry budgets, records) is owned
// beside it and found by the name.
struct Upstream {
  std::string name;  // in error metadata, logs and metrics; the name of the vendor's folder
  std::string rpc;   // "CreateVspInteraction"
  std::unique_ptr<const Method> method;
  UpstreamOptions options;
  std::vector<http::Endpoint*> endpoints;  // one for each lane, by the lane's index; they live as long as the lanes
};

}  // namespace interaction::upstream
