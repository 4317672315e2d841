#include "server/tls/context_files.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace interaction::tls {
namespace {

absl::Status Unusable(absl::string_view what, const std::string& file, absl::string_view why = "") {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("cannot use ", what, " ", file, why.empty() ? "" : ": ", why));
}

// A time as the certificate has it. OpenSSL has its own way to read one.
absl::Time TimeOf(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string Date(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()); }

// Why a certificate is of no use at `now`; "": it is valid.
std::string WhyNotValid(const X509* certificate, absl::Time now) {
  const absl::Time begin = TimeOf(X509_get0_notBefore(certificate)), end = TimeOf(X509_get0_notAfter(certificate));
  if (now < begin) return absl::StrCat("it is valid from ", Date(begin), " on, and now is ", Date(now));
  if (now >= end) return absl::StrCat("it has expired at ", Date(end));
  return "";
}

// Why the certificates of the context do not form a chain from the first on; "": they do.
std::string WhyNoChain(SSL_CTX* context, absl::Time now) {
  X509* issued = SSL_CTX_get0_certificate(context);
  std::string why = WhyNotValid(issued, now);
  STACK_OF(X509)* further = nullptr;
  SSL_CTX_get0_chain_certs(context, &further);
  for (int i = 0; why.empty() && i < sk_X509_num(further); ++i) {
    X509* const issuer = sk_X509_value(further, i);
    if (X509_check_issued(issuer, issued) != X509_V_OK) {
      return absl::StrCat("certificate ", i + 2, " in the file did not issue certificate ", i + 1,
                          "; the order is: its own first, then the issuer of each");
    }
    if (why = WhyNotValid(issuer, now); !why.empty()) why = absl::StrCat("certificate ", i + 2, " in the file: ", why);
    issued = issuer;
  }
  return why;
}

}  // namespace

absl::Status UseAuthorities(SSL_CTX* context, absl::string_view what, const std::string& file) {
  return SSL_CTX_load_verify_file(context, file.c_str()) == 1 ? absl::OkStatus() : Unusable(what, file);
}

bool HasCertificateLinks(const std::string& folder) {
  const auto is_link = [](absl::string_view name) {
    return absl::ConsumeSuffix(&name, ".0") && name.size() == 8 && absl::c_all_of(name, absl::ascii_isxdigit);
  };
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_link(entry->path().filename().native())) return true;
  }
  return false;
}

absl::Status UseIdentity(SSL_CTX* context, absl::string_view side, const std::string& certificate,
                         const std::string& key, absl::Time now) {
  if (certificate.empty() || key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("a ", side, " certificate and its key go together"));
  }
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return Unusable(absl::StrCat(side, " certificate"), certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    // OpenSSL compares the key with the certificate as it takes it.
    const bool matches = ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH;
    return Unusable(absl::StrCat(side, " key"), key, matches ? "" : "it belongs to another certificate");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Unusable(absl::StrCat(side, " key"), key, "it belongs to another certificate");
  }
  const std::string why = WhyNoChain(context, now);
  return why.empty() ? absl::OkStatus() : Unusable(absl::StrCat(side, " certificate"), certificate, why);
}

absl::Time CertificateEnd(SSL_CTX* context) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  return certificate == nullptr ? absl::InfiniteFuture() : TimeOf(X509_get0_notAfter(certificate));
}

void UseCommonSettings(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // OpenSSL would begin with AES-256, and SHA-384 with it. Processors have instructions for SHA-256, and a handshake
  // that resumes a session takes 0.85 of the time with it, measured with OpenSSL 3.0.
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  // A record is read in one call, not in two; buffers are given back when a connection is idle.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace interaction::tls
