#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"
#include "server/upstream/credential.h"

namespace interaction::upstream {

// Translates between an RPC and one upstream: the rules for a request, its form on the wire, the meaning of an answer.
// Each vendor's room implements it once. Pure and thread-safe: no I/O, no clock, no log, no state that changes. The
// same input gives the same bytes.
//
// A call uses it in this order: Authorize, Canonicalize, CredentialFor, CanonicalBytes (if it has a request_id),
// Encode, (send), Decode. All errors are made with Error (server/base/errors.h).
template <typename RequestMessage, typename ReplyMessage>
class Translator {
 public:
  using Request = RequestMessage;
  using Reply = ReplyMessage;

  virtual ~Translator() = default;

  // The upstream's name in error metadata, logs and metrics: the name of its folder.
  virtual absl::string_view name() const = 0;

  // Whether the caller may send its credential: CALLER_CREDENTIALS_FORBIDDEN if the gateway has one.
  virtual absl::Status Authorize(const Request& request) const = 0;

  // Checks every field and converts GUIDs and the request_id to canonical form. INVALID_REQUEST lists all violations;
  // after that, the request must not be used any more.
  virtual absl::Status Canonicalize(Request* request) const = 0;

  // Which of the vendor's servers a request is for, in lower case; "" where there is a single one. Of any request.
  virtual std::string ServerOf(const Request& request) const = 0;

  // The credential to send for a request that passed Authorize and Canonicalize.
  virtual Credential CredentialFor(const Request& request) const = 0;

  // The content of a request that passed Canonicalize, without credential and request_id: equal bytes for equal
  // content, however it is spelled, and different bytes otherwise. They are compared over days and between versions of
  // the gateway, so their form never changes (canonical_form.h).
  virtual std::string CanonicalBytes(const Request& request) const = 0;

  // The HTTP request for a request that passed Canonicalize.
  virtual absl::StatusOr<http::Request> Encode(const Request& request, const Credential& credential) const = 0;

  // The reply, if the answer says that the interaction was opened (outcome applied), or the error that the answer
  // stands for. `now` is for HTTP dates.
  virtual absl::StatusOr<Reply> Decode(const http::Response& response, CredentialOwner owner, absl::Time now) const = 0;

  // The upstream's id of the interaction that was opened, with which an operator finds it there; "" if the upstream
  // returns none. It is logged, so it must not be personal data.
  virtual std::string InteractionId(const Reply& reply) const = 0;
};

}  // namespace interaction::upstream
