#include "client/credential.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/read_file.h"

namespace interaction {
namespace {

// Whether what is sent to the target stays on this machine.
bool IsOnThisMachine(absl::string_view target) {
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&target, scheme)) break;
  }
  for (const absl::string_view start : {"unix:", "unix-abstract:", "localhost:", "[::1]:", "127."}) {
    if (absl::StartsWith(target, start) && !absl::StrContains(target, ',')) return true;
  }
  return false;
}

absl::StatusOr<std::string> ReadCredential(const std::string& path, absl::string_view what) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text;
  absl::string_view value = *text;
  if (absl::ConsumeSuffix(&value, "\n")) absl::ConsumeSuffix(&value, "\r");
  if (value.empty() || !std::all_of(value.begin(), value.end(), absl::ascii_isgraph)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " does not hold ", what, " alone: printable characters without blanks, on one line"));
  }
  return std::string(value);
}

}  // namespace

absl::Status CheckCredential(const ClientOptions& options) {
  if (options.token_file.empty() && options.api_key_file.empty()) return absl::OkStatus();
  if (!options.token_file.empty() && !options.api_key_file.empty()) {
    return absl::InvalidArgumentError("a token and an API key cannot be used together; give one of them");
  }
  if (!options.tls && !IsOnThisMachine(options.target)) {
    return absl::InvalidArgumentError(absl::StrCat(options.token_file.empty() ? "an API key" : "a token",
                                                   " is not sent to ", options.target,
                                                   " without TLS, because others could read it on the way"));
  }
  return CredentialMetadata(options).status();
}

absl::StatusOr<std::pair<std::string, std::string>> CredentialMetadata(const ClientOptions& options) {
  if (!options.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadCredential(options.token_file, "a token");
    if (!token.ok()) return token.status();
    return std::pair<std::string, std::string>("authorization", absl::StrCat("Bearer ", *token));
  }
  if (!options.api_key_file.empty()) {
    absl::StatusOr<std::string> key = ReadCredential(options.api_key_file, "an API key");
    if (!key.ok()) return key.status();
    return std::pair<std::string, std::string>("x-api-key", *std::move(key));
  }
  return std::pair<std::string, std::string>();
}

}  // namespace interaction
