#pragma once

#include <cstdint>
#include <string>

#include <google/protobuf/message.h>

#include "absl/strings/string_view.h"
#include "client/cli/import/method.h"

namespace interaction::cli::import {

// SHA-256 of what a row asks for: the import's name, the method and every field but the request_id and the credential.
// 32 bytes. Rows that ask for the same have the same, however they spell their GUIDs.
std::string ContentOf(absl::string_view import_name, const Method& method, const google::protobuf::Message& request);

// The request_id of a row: a UUID (version 8, RFC 9562) from its content and from how often this content came before.
// So a row keeps it when the file is read again, and when other rows are changed, added or moved.
std::string RequestIdFor(absl::string_view content, uint64_t times_before);

// What tells two credentials apart and tells nothing about them: the first bytes of a salted SHA-256. Empty for none.
std::string CredentialMark(absl::string_view salt, absl::string_view credential);

// Random bytes for a salt.
std::string NewSalt();

}  // namespace interaction::cli::import
