#include "server/grpc_transport/caller.h"

#include <grpc/grpc_security.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction::grpc_transport {

// The core's functions, because the C++ ones put two objects on the heap even for a connection without certificate.
call::Caller CallerOf(grpc_call* call) {
  const std::unique_ptr<grpc_auth_context, decltype(&grpc_auth_context_release)> auth(grpc_call_auth_context(call),
                                                                                      grpc_auth_context_release);
  call::Caller caller;
  if (auth == nullptr || grpc_auth_context_peer_is_authenticated(auth.get()) == 0) return caller;
  grpc_auth_property_iterator identity = grpc_auth_context_peer_identity(auth.get());
  while (const grpc_auth_property* const part = grpc_auth_property_iterator_next(&identity)) {
    absl::StrAppend(&caller.identity, part->value_length, ":", absl::string_view(part->value, part->value_length));
  }
  if (!caller.identity.empty()) caller.proof = call::Caller::Proof::kCertificate;
  return caller;
}

}  // namespace interaction::grpc_transport
