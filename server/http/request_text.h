#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/http/message.h"

namespace interaction::http {

// Whether a request can be written without one of its headers, or its URL, becoming two lines: names are tokens (RFC
// 9110, section 5.6.2), values have no CR, LF or NUL, the URL has only visible ASCII and no fragment.
bool IsSendable(const Request& request);

// What a request's text needs besides the request.
struct RequestTarget {
  absl::string_view target;               // "/path?query"; to a proxy that forwards, the whole URL
  absl::string_view host;                 // "example.com", "[2001:db8::1]:8443"
  absl::string_view proxy_authorization;  // "Basic ..." for a proxy that forwards; "": none
};

// Appends the whole of the request, as HTTP/1.1 has it (RFC 9112). `request` is sendable. What it does not say itself
// is added: Host, Accept and Content-Length.
void AppendRequest(const Request& request, const RequestTarget& target, std::string* text);

}  // namespace interaction::http
