#include "server/grpc_transport/caller.h"

#include <grpc/grpc_security.h>
#include <grpc/grpc_security_constants.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace interaction::grpc_transport {
namespace {

struct Values {
  std::string first;
  int count = 0;
};

Values ValuesOf(const grpc_auth_context* auth, const char* property) {
  Values values;
  grpc_auth_property_iterator each = grpc_auth_context_find_properties_by_name(auth, property);
  while (const grpc_auth_property* const value = grpc_auth_property_iterator_next(&each)) {
    if (values.count++ == 0) values.first.assign(value->value, value->value_length);
  }
  return values;
}

}  // namespace

// The core's functions, because the C++ ones put two objects on the heap even for a connection without certificate. The
// rule is that of tls::PeerIdentity().
auth::Caller CallerOf(grpc_call* call) {
  const std::unique_ptr<grpc_auth_context, decltype(&grpc_auth_context_release)> auth(grpc_call_auth_context(call),
                                                                                      grpc_auth_context_release);
  auth::Caller caller;
  if (auth == nullptr || grpc_auth_context_peer_is_authenticated(auth.get()) == 0) return caller;
  Values uris = ValuesOf(auth.get(), GRPC_PEER_URI_PROPERTY_NAME);
  if (uris.count > 1) return caller;
  caller.identity = uris.count == 1 ? uris.first : ValuesOf(auth.get(), GRPC_PEER_DNS_PROPERTY_NAME).first;
  if (!caller.identity.empty()) caller.proof = auth::Proof::kCertificate;
  return caller;
}

}  // namespace interaction::grpc_transport
