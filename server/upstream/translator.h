#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"
#include "server/upstream/credential.h"

namespace interaction::upstream {

// What is true of one upstream and its RPC: the rules for a request, its form on the wire, the meaning of an answer.
// Each room implements it once. Pure: no I/O, no clock, no log, no state that changes; thread-safe. Same input, same
// bytes.
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

  // Whether the caller may send what it sent: CALLER_CREDENTIALS_FORBIDDEN where the gateway holds the credential.
  virtual absl::Status Authorize(const Request& request) const = 0;

  // Checks every field by its rule, and brings GUIDs and the request_id into canonical form, whatever their spelling.
  // INVALID_REQUEST with all violations at once; then the request is not to be used any more.
  virtual absl::Status Canonicalize(Request* request) const = 0;

  // The credential to send for a request that passed Authorize and Canonicalize.
  virtual Credential CredentialFor(const Request& request) const = 0;

  // What a request that passed Canonicalize asks for: the same bytes for every request that asks for the same, however
  // it is spelled, and others for every other. Without credential and request_id. They are compared over days and
  // between versions of the gateway, so their form is never changed (canonical_form.h).
  virtual std::string CanonicalBytes(const Request& request) const = 0;

  // The upstream's request for one that passed Canonicalize.
  virtual absl::StatusOr<http::Request> Encode(const Request& request, const Credential& credential) const = 0;

  // The reply, which means that the interaction was opened (outcome applied), or the error that the answer amounts to.
  // `now` is for HTTP dates.
  virtual absl::StatusOr<Reply> Decode(const http::Response& response, CredentialOwner owner, absl::Time now) const = 0;

  // What the upstream calls the interaction that was opened, so that an operator finds it there; "" if the upstream
  // tells no such name. Not personal data: it is logged.
  virtual std::string InteractionId(const Reply& reply) const = 0;
};

}  // namespace interaction::upstream
