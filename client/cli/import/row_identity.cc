#include "client/cli/import/row_identity.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output.h"
#include "client/new_request_id.h"

namespace interaction::cli::import {
namespace {

using google::protobuf::FieldDescriptor;

std::string Sha256(absl::string_view text) {
  std::array<unsigned char, 32> digest = {};
  unsigned int size = digest.size();
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

// Part after part, each behind its length, so that no two lists of parts have the same bytes.
void AppendPart(absl::string_view part, std::string* bytes) { absl::StrAppend(bytes, part.size(), ":", part); }

}  // namespace

std::string ContentOf(absl::string_view import_name, const Method& method, const google::protobuf::Message& request) {
  std::string bytes;
  AppendPart(import_name, &bytes);
  AppendPart(method.rpc, &bytes);
  const google::protobuf::Descriptor& type = *request.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.name() == "request_id" || field.name() == method.secret_field) continue;
    const std::string value = TextOf(request, field);
    if (value.empty()) continue;  // so that a field added to the proto later changes nothing
    AppendPart(absl::StrCat(field.number()), &bytes);
    AppendPart(value, &bytes);
  }
  return Sha256(bytes);
}

std::string RequestIdFor(absl::string_view content, uint64_t times_before) {
  const std::string digest = Sha256(absl::StrCat(content, ":", times_before));
  std::array<unsigned char, 16> bytes;
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return UuidOf(bytes, /*version=*/8);
}

std::string CredentialMark(absl::string_view salt, absl::string_view credential) {
  if (credential.empty()) return "";
  return absl::BytesToHexString(Sha256(absl::StrCat(salt, credential)).substr(0, 8));
}

std::string NewSalt() {
  std::array<unsigned char, 16> bytes = {};
  RAND_bytes(bytes.data(), bytes.size());
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace interaction::cli::import
