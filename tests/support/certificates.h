#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {

// Whom a certificate is for and when it holds, relative to now.
struct CertificateOptions {
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  std::vector<std::string> uris = {};  // "spiffe://example.org/billing"
  absl::Duration valid_from = -absl::Hours(1);
  absl::Duration valid_until = absl::Hours(24);
};

CertificateOptions ValidCertificate();                          // for localhost and the loopback addresses
CertificateOptions CertificateFor(absl::string_view dns_name);  // for this name only: the wrong host for localhost
CertificateOptions ExpiredCertificate();
CertificateOptions NotYetValidCertificate();

// PEM files of a certificate and its private key.
struct KeyPairFiles {
  std::string certificate;
  std::string key;
};

// A private certificate authority that lives as long as a test. Its files and those it issues are in `dir`, which
// outlives it.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const TempDir* dir);
  ~CertificateAuthority();

  // The PEM file to trust.
  const std::string& ca_file() const { return ca_file_; }

  // Issues a certificate for servers and clients; the files are called `name`.pem and `name`.key.
  KeyPairFiles Issue(absl::string_view name, const CertificateOptions& options = {});

 private:
  struct Identity;

  const TempDir* dir_;
  std::unique_ptr<Identity> identity_;
  std::string ca_file_;
};

// A certificate that nobody vouches for.
KeyPairFiles SelfSigned(const TempDir& dir, absl::string_view name, const CertificateOptions& options = {});

}  // namespace interaction::testing
