#include "server/tls/peer_identity.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace interaction::tls {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

absl::string_view TextOf(const ASN1_IA5STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text))};
}

bool IsPrintable(absl::string_view text) { return std::all_of(text.begin(), text.end(), absl::ascii_isgraph); }

}  // namespace

std::string PeerIdentity(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  absl::string_view uri, dns;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      if (!uri.empty()) return "";
      uri = TextOf(name->d.uniformResourceIdentifier);
    } else if (name->type == GEN_DNS && dns.empty()) {
      dns = TextOf(name->d.dNSName);
    }
  }
  const absl::string_view identity = uri.empty() ? dns : uri;
  return IsPrintable(identity) ? std::string(identity) : "";
}

}  // namespace interaction::tls
