#include "client/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "client/read_file.h"

namespace interaction {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Instead of a question on the terminal: a key with a passphrase is one that cannot be read.
int NoPassphrase(char*, int, int, void*) { return -1; }

Bio Open(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free}; }

Certificate ReadCertificate(BIO* bio) { return {PEM_read_bio_X509(bio, nullptr, &NoPassphrase, nullptr), &X509_free}; }

Key ReadKey(const std::string& pem) {
  return {PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, &NoPassphrase, nullptr), &EVP_PKEY_free};
}

// One certificate at least, and nothing after it that breaks off or is damaged.
bool HoldsCertificates(const std::string& pem) {
  const Bio bio = Open(pem);
  if (ReadCertificate(bio.get()) == nullptr) return false;
  ERR_clear_error();
  while (ReadCertificate(bio.get()) != nullptr) {
  }
  return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;  // the end of the file
}

absl::StatusOr<std::string> ReadCertificates(const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem;
  if (pem->empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  if (!HoldsCertificates(*pem)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " does not contain PEM certificates"));
  }
  return pem;
}

// The key of `certificate`, a checked PEM text.
absl::StatusOr<std::string> ReadPrivateKey(const std::string& path, const std::string& certificate,
                                           const std::string& certificate_path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem;
  if (pem->empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  const Key key = ReadKey(*pem);
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, " does not contain a PEM private key without a passphrase"));
  }
  if (X509_check_private_key(ReadCertificate(Open(certificate).get()).get(), key.get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not the key of the certificate ", certificate_path));
  }
  return pem;
}

absl::StatusOr<grpc::SslCredentialsOptions> ReadTlsFiles(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key must be given together");
  }
  absl::StatusOr<std::string> ca = ReadCertificates(files.ca);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<std::string> certificate = ReadCertificates(files.certificate);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = ReadPrivateKey(files.key, *certificate, files.certificate);
  if (!key.ok()) return key.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *std::move(ca);
  options.pem_cert_chain = *std::move(certificate);
  options.pem_private_key = *std::move(key);
  return options;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const std::optional<TlsFiles>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  const absl::StatusOr<grpc::SslCredentialsOptions> options = ReadTlsFiles(*tls);
  ERR_clear_error();  // what OpenSSL remembers of a refused file is nobody's later error
  if (!options.ok()) return options.status();
  return grpc::SslCredentials(*options);
}

}  // namespace interaction
