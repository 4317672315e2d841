#pragma once

#include <openssl/x509.h>

#include <string>

namespace interaction::tls {

// Whom a certificate names, by its subject alternative names: its SPIFFE ID ("spiffe://example.org/billing",
// https://spiffe.io, X.509-SVID, section 2), else its only other URI, else its first DNS name. "" if it has none of
// them, more than one URI, or a name with characters that are not printable ASCII: such a certificate names nobody. The
// common name does not count (RFC 9525, section 2).
std::string PeerIdentity(const X509* certificate);

}  // namespace interaction::tls
