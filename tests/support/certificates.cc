#include "tests/support/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> NewKey() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Require(key != nullptr, "generate a key");
  return key;
}

// A certificate of `key` that says nothing yet but its name and its time.
Owned<X509> NewCertificate(EVP_PKEY* key, absl::string_view common_name, const CertificateOptions& options) {
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), absl::ToInt64Seconds(options.valid_from));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), absl::ToInt64Seconds(options.valid_until));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1), value.c_str());
}

void AddNames(X509* certificate, X509* issuer, const CertificateOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.dns_names) names.push_back("DNS:" + name);
  for (const std::string& ip : options.ip_addresses) names.push_back("IP:" + ip);
  for (const std::string& uri : options.uris) names.push_back("URI:" + uri);
  if (!names.empty()) AddExtension(certificate, issuer, NID_subject_alt_name, absl::StrJoin(names, ","));
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  Require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "sign a certificate");
}

// What `write` puts out, as text.
template <typename Write>
std::string Pem(Write write) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Require(write(bio.get()) == 1, "write PEM");
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string Pem(X509* certificate) {
  return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

KeyPairFiles WriteFiles(const TempDir& dir, absl::string_view name, X509* certificate, EVP_PKEY* key) {
  const std::string key_pem =
      Pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  return {dir.Write(absl::StrCat(name, ".pem"), Pem(certificate)), dir.Write(absl::StrCat(name, ".key"), key_pem)};
}

}  // namespace

CertificateOptions ValidCertificate() { return {}; }

CertificateOptions CertificateFor(absl::string_view dns_name) {
  return {.dns_names = {std::string(dns_name)}, .ip_addresses = {}, .uris = {}};
}

CertificateOptions ExpiredCertificate() { return {.valid_from = -absl::Hours(48), .valid_until = -absl::Hours(24)}; }

CertificateOptions NotYetValidCertificate() { return {.valid_from = absl::Hours(24), .valid_until = absl::Hours(48)}; }

struct CertificateAuthority::Identity {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

CertificateAuthority::CertificateAuthority(const TempDir* dir) : dir_(dir), identity_(new Identity{NewKey(), nullptr}) {
  identity_->certificate = NewCertificate(identity_->key.get(), "Test authority", {});
  X509* self = identity_->certificate.get();
  AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(self, self, NID_subject_key_identifier, "hash");
  Sign(self, self, identity_->key.get());
  ca_file_ = dir_->Write("ca.pem", Pem(self));
}

CertificateAuthority::~CertificateAuthority() = default;

KeyPairFiles CertificateAuthority::Issue(absl::string_view name, const CertificateOptions& options) {
  const Owned<EVP_PKEY> key = NewKey();
  const Owned<X509> certificate = NewCertificate(key.get(), name, options);
  X509* issuer = identity_->certificate.get();
  AddExtension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  AddNames(certificate.get(), issuer, options);
  Sign(certificate.get(), issuer, identity_->key.get());
  return WriteFiles(*dir_, name, certificate.get(), key.get());
}

KeyPairFiles SelfSigned(const TempDir& dir, absl::string_view name, const CertificateOptions& options) {
  const Owned<EVP_PKEY> key = NewKey();
  const Owned<X509> certificate = NewCertificate(key.get(), name, options);
  AddNames(certificate.get(), certificate.get(), options);
  Sign(certificate.get(), certificate.get(), key.get());
  return WriteFiles(dir, name, certificate.get(), key.get());
}

}  // namespace interaction::testing
