#include "client/cli/import/caller.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/import/row_identity.h"
#include "client/read_file.h"

namespace interaction::cli::import {
namespace {

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

std::string Mark(absl::string_view secret) { return CredentialMark("interactionctl import", secret); }

std::string MemberOf(const nlohmann::json& claims, const char* name) {
  const auto member = claims.find(name);
  return member != claims.end() && member->is_string() ? member->get<std::string>() : "";
}

// A token is replaced every few minutes, but its issuer and subject stay.
std::string DescribeToken(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  std::string payload;
  if (parts.size() == 3 && absl::WebSafeBase64Unescape(parts[1], &payload)) {
    const nlohmann::json claims = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
    if (claims.is_object() && !MemberOf(claims, "sub").empty()) {
      return absl::StrCat("token of ", MemberOf(claims, "sub"), " at ", MemberOf(claims, "iss"));
    }
  }
  return absl::StrCat("token ", Mark(token));
}

std::string BytesOf(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

// A renewed certificate has the same subject and the same alternative names.
absl::StatusOr<std::string> DescribeCertificate(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem.status();
  const Bio in(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())), &BIO_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr),
                                                           &X509_free);
  if (certificate == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, " holds no PEM certificate"));
  const Bio subject(BIO_new(BIO_s_mem()), &BIO_free), names(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(subject.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
  const int at = X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1);
  if (at >= 0) X509V3_EXT_print(names.get(), X509_get_ext(certificate.get(), at), 0, 0);
  const std::string text = BytesOf(subject.get());
  return absl::StrCat("certificate of ", text, " ", Mark(absl::StrCat(text, "\n", BytesOf(names.get()))));
}

std::string DescribeMetadata(absl::string_view name, absl::string_view value) {
  if (name == "authorization" && absl::ConsumePrefix(&value, "Bearer ")) return DescribeToken(value);
  return absl::StrCat(name, " ", Mark(value));
}

}  // namespace

absl::StatusOr<std::string> CallerOf(const GlobalOptions& options) {
  std::vector<std::string> parts;
  for (const std::string& path : {options.token_file, options.api_key_file}) {
    if (path.empty()) continue;
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    const absl::string_view secret = absl::StripAsciiWhitespace(*text);
    parts.push_back(path == options.token_file ? DescribeToken(secret) : absl::StrCat("API key ", Mark(secret)));
  }
  if (!options.tls_files.certificate.empty()) {
    absl::StatusOr<std::string> certificate = DescribeCertificate(options.tls_files.certificate);
    if (!certificate.ok()) return certificate;
    parts.push_back(*std::move(certificate));
  }
  for (const auto& [name, value] : options.metadata) {
    if (name == "authorization" || name == "x-api-key") parts.push_back(DescribeMetadata(name, value));
  }
  return parts.empty() ? "without a credential" : absl::StrJoin(parts, ", ");
}

}  // namespace interaction::cli::import
