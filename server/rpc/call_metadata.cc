#include "server/rpc/call_metadata.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/guid.h"
#include "server/base/errors.h"

namespace interaction::rpc {
namespace {

constexpr absl::string_view kRequestIdKey = "idempotency-key";
constexpr absl::string_view kPreviousAttempts = "grpc-previous-rpc-attempts";
constexpr absl::string_view kAuthorizationKey = "authorization";
constexpr absl::string_view kApiKeyKey = "x-api-key";
constexpr absl::string_view kForwardedKey = "x-forwarded-client-cert";
constexpr size_t kEntryOverhead = 32;

void KeepOnly(absl::string_view value, absl::string_view* kept, bool* repeated) {
  if (!kept->empty()) *repeated = true;
  *kept = value;
}

absl::Status InvalidRequestId(absl::string_view what) {
  return Error(Reason::kInvalidRequest).In(Phase::kValidate).WithFieldViolation("request_id", what);
}

}  // namespace

CallMetadata ReadMetadata(absl::Span<const MetadataEntry> metadata) {
  CallMetadata read;
  for (const auto& [key, value] : metadata) {
    read.bytes += key.size() + value.size() + kEntryOverhead;
    if (key == kPreviousAttempts) read.is_retry = value != "0";
    if (key == kRequestIdKey && read.request_ids++ == 0) read.request_id = value;
    if (key == kForwardedKey) read.forwarded = value;
    if (key == kAuthorizationKey) KeepOnly(value, &read.authorization, &read.repeats_credential);
    if (key == kApiKeyKey) KeepOnly(value, &read.api_key, &read.repeats_credential);
  }
  return read;
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

telemetry::TraceContext TraceContextOf(absl::Span<const MetadataEntry> metadata) {
  std::string joined;
  const auto lookup = [&](absl::string_view name) -> absl::string_view {
    absl::string_view found;
    bool any = false;
    for (const auto& [key, value] : metadata) {
      if (key != name) continue;
      if (any) {
        joined = absl::StrCat(found, ",", value);
        found = joined;
      } else {
        found = value;
      }
      any = true;
    }
    return found;
  };
  return telemetry::FromMetadata(lookup);
}

std::string PeerHost(std::string peer) {
  if (absl::StartsWith(peer, "ip")) peer.resize(peer.rfind(':'));
  return peer;
}

}  // namespace interaction::rpc
