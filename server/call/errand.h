#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"

namespace interaction::call {

// What a call wants from its upstream, with all that it takes to ask and to understand the answer; a vendor's matter,
// hidden. Made from a valid request. Pure, but for being destroyed.
class Errand {
 public:
  virtual ~Errand() = default;

  // The upstream's request: the same bytes each time.
  virtual absl::StatusOr<http::Request> Encode() const = 0;

  // Turns a complete response into the serialized reply, or into the error that it amounts to: "HTTP 200 that means
  // failure" is a failure from here on. `now` is for HTTP dates.
  virtual absl::StatusOr<std::string> Decode(const http::Response& response, absl::Time now) const = 0;

  // What the upstream calls the interaction that a reply of Decode() is about, to be found there; "" if it has no name.
  virtual std::string InteractionId(const std::string& reply) const = 0;

  // Stands for the credential that is used; never the credential itself.
  virtual std::string credential_key() const = 0;
};

}  // namespace interaction::call
