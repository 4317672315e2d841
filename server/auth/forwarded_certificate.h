#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::auth {

// Whom the client certificate names that a proxy has verified and tells of in x-forwarded-client-cert (Envoy's HTTP
// connection manager, "x-forwarded-client-cert"): its URI, else its first DNS name. Of several elements, which are one
// for each proxy on the way, the last counts: the proxy that is connected here has added it itself. "" if it names
// nobody, names more than one URI, or is not of that form.
std::string ForwardedIdentity(absl::string_view header);

}  // namespace interaction::auth
