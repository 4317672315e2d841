#include "server/rpc/call_metadata.h"

#include <grpc/grpc_security.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/guid.h"

namespace interaction::rpc {
namespace {

constexpr absl::string_view kRequestIdKey = "idempotency-key";
constexpr absl::string_view kPreviousAttempts = "grpc-previous-rpc-attempts";
constexpr size_t kEntryOverhead = 32;

absl::Status InvalidRequestId(absl::string_view what) {
  return Error(Reason::kInvalidRequest).In(Phase::kValidate).WithFieldViolation("request_id", what);
}

}  // namespace

CallMetadata ReadMetadata(const grpc::ServerContext& context) {
  CallMetadata metadata;
  for (const auto& [name, value] : context.client_metadata()) {
    metadata.bytes += name.size() + value.size() + kEntryOverhead;
    const absl::string_view key(name.data(), name.size());
    if (key == kPreviousAttempts) metadata.is_retry = value != "0";
    if (key == kRequestIdKey && metadata.request_ids++ == 0) {
      metadata.request_id = absl::string_view(value.data(), value.size());
    }
  }
  return metadata;
}

absl::StatusOr<std::string> RequestIdOf(absl::string_view field, const CallMetadata& metadata, bool required) {
  std::string id(field);
  if (metadata.request_ids > 1) return InvalidRequestId("metadata idempotency-key was sent more than once");
  if (metadata.request_ids == 1) {
    const auto other = CanonicalUuid(metadata.request_id);
    if (!other.ok()) {
      return InvalidRequestId(absl::StrCat("metadata idempotency-key ", other.status().message()));
    }
    if (!id.empty() && *other != id) return InvalidRequestId("must equal metadata idempotency-key if both are sent");
    id = std::string(other->text());
  }
  if (id.empty() && required) return InvalidRequestId("is required by this gateway: a UUID, the same in each retry");
  return id;
}

std::string RequestIdIfValid(absl::string_view field, const CallMetadata& metadata) {
  const auto canonical = CanonicalUuid(field.empty() ? metadata.request_id : field);
  if (!canonical.ok()) return "";
  return RequestIdOf(canonical->text(), metadata, /*required=*/false).value_or("");
}

// The core's functions, because the C++ ones put two objects on the heap even for a connection without certificate.
call::Caller CallerOf(grpc::ServerContext& context) {
  const std::unique_ptr<grpc_auth_context, decltype(&grpc_auth_context_release)> auth(
      grpc_call_auth_context(context.c_call()), grpc_auth_context_release);
  call::Caller caller;
  if (auth == nullptr || grpc_auth_context_peer_is_authenticated(auth.get()) == 0) return caller;
  grpc_auth_property_iterator identity = grpc_auth_context_peer_identity(auth.get());
  while (const grpc_auth_property* const part = grpc_auth_property_iterator_next(&identity)) {
    absl::StrAppend(&caller.identity, part->value_length, ":", absl::string_view(part->value, part->value_length));
  }
  if (!caller.identity.empty()) caller.proof = call::Caller::Proof::kCertificate;
  return caller;
}

telemetry::TraceContext TraceContextOf(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  std::string joined;
  const auto lookup = [&](absl::string_view name) -> absl::string_view {
    const auto [first, last] = metadata.equal_range(grpc::string_ref(name.data(), name.size()));
    if (first == last) return {};
    const absl::string_view value(first->second.data(), first->second.size());
    if (std::next(first) == last) return value;
    joined = std::string(value);
    for (auto it = std::next(first); it != last; ++it) {
      absl::StrAppend(&joined, ",", absl::string_view(it->second.data(), it->second.size()));
    }
    return joined;
  };
  return telemetry::FromMetadata(lookup);
}

std::string PeerHost(const grpc::ServerContext& context) {
  std::string peer = context.peer();
  if (absl::string_view(peer).substr(0, 2) == "ip") peer.resize(peer.rfind(':'));
  return peer;
}

}  // namespace interaction::rpc
