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
  std::string message;         // serialized, as sent to the caller
  std::string interaction_id;  // the vendor's id of the interaction; "" if it returns none
};

// A request that has passed all checks, with everything needed to send it and to understand the answer, whichever the
// vendor. Pure: the same input gives the same bytes. It must not outlive the Upstream that prepared it.
class PreparedRequest {
 public:
  virtual ~PreparedRequest() = default;

  // The credential to send to the vendor.
  virtual const Credential& credential() const = 0;

  // The content of the request, without credential and request_id: equal bytes for equal content.
  virtual std::string CanonicalBytes() const = 0;

  // The vendor's request: the same bytes each time.
  virtual absl::StatusOr<http::Request> Encode() const = 0;

  // The meaning of a complete response: the reply, or an error. An HTTP 200 that reports a failure is an error from
  // here on. `now` is for HTTP dates.
  virtual absl::StatusOr<Reply> Decode(const http::Response& response, absl::Time now) const = 0;
};

// The result of reading a request.
struct Preparation {
  // In canonical form; for a refused request, as the caller wrote it. "" if there is none.
  std::string request_id;
  // Which of the vendor's servers it is for, in lower case; "" where there is a single one, or if it cannot be parsed.
  std::string server;
  // Or MALFORMED_REQUEST, CALLER_CREDENTIALS_FORBIDDEN or INVALID_REQUEST.
  absl::StatusOr<std::unique_ptr<const PreparedRequest>> request;
};

// The RPC of one vendor, independent of its message types. Pure and thread-safe.
class Method {
 public:
  virtual ~Method() = default;

  // Reads a request: parses it, checks whether the caller may send its credential, checks every field.
  virtual Preparation Prepare(absl::string_view message) const = 0;
};

struct UpstreamOptions {
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that sets none
  absl::Duration max_deadline = absl::Seconds(60);      // longer ones are shortened to this
  absl::Duration late_answer_time = absl::Seconds(30);  // how long the answer is awaited after the caller has left
  bool propagate_b3 = false;                            // send trace context as b3 as well
  bool require_request_id = false;
};

// A vendor as one call sees it: an immutable snapshot. A call keeps the snapshot that it began with, so a new one can
// be published while calls are in flight. State that outlives a snapshot (breakers, permits, retry budgets, records) is
// owned elsewhere and found by the name.
struct Upstream {
  std::string name;  // in error metadata, logs and metrics; the name of the vendor's folder
  std::string rpc;   // "CreateVspInteraction"
  std::shared_ptr<const Method> method;
  UpstreamOptions options;
  std::vector<http::Endpoint*> endpoints;  // one for each lane, by the lane's index; they live as long as the lanes
};

// The same upstream, sent to over these endpoints.
std::shared_ptr<const Upstream> WithEndpoints(const std::shared_ptr<const Upstream>& upstream,
                                              std::vector<http::Endpoint*> endpoints);

}  // namespace interaction::upstream
