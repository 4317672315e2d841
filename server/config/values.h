#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::config {

// Reads values as people write them. All pure; nullopt means that the text is not of the form or out of range.

std::optional<int> ParseInteger(absl::string_view text, int min, int max);

// "true" or "false", nothing else.
std::optional<bool> ParseBoolean(absl::string_view text);

// "250ms", "1m30s", "0s": a unit is a must, for a bare number is how timeouts become wrong by a thousand.
std::optional<absl::Duration> ParseTime(absl::string_view text, absl::Duration min, absl::Duration max);

// What ParseTime reads again, exactly: "1m30s".
std::string FormatTime(absl::Duration time);

// "65536", "64KiB", "1MiB".
std::optional<int> ParseSize(absl::string_view text, int min, int max);

// The shortest of the spellings that ParseSize reads: 65536 -> "64KiB".
std::string FormatSize(int bytes);

// "host:port", "[::1]:port", "unix:/path"; the port may be 0.
std::optional<std::string> ParseListen(absl::string_view text);

// The same to connect to: the port is not 0. "" is taken, too.
std::optional<std::string> ParseConnect(absl::string_view text);

// An absolute http or https URL of host, optional port and path: no user, query or fragment. The result begins with the
// scheme in lower case and ends with "/".
std::optional<std::string> ParseBaseUrl(absl::string_view text);

// The same, with at most one "{server}", which stands in the host and before a dot: the domain that follows is fixed,
// so that no server's name can lead to another one.
std::optional<std::string> ParseBaseUrlTemplate(absl::string_view text);

// "" or http[s]://[user:password@]host[:port].
std::optional<std::string> ParseProxy(absl::string_view text);

// Hosts, domains with a dot in front, IP addresses without brackets, or "*"; by commas or blanks.
std::optional<std::string> ParseNoProxy(absl::string_view text);

// Why a text is not what ParseListen and ParseConnect, ParseBaseUrl and ParseProxy, ParseBaseUrlTemplate, or
// ParseNoProxy take: "the host ends with a dot; leave it away". "" when there is nothing more to say than what should
// stand there.
std::string WhyNotAddress(absl::string_view text);
std::string WhyNotUrl(absl::string_view text);
std::string WhyNotUrlTemplate(absl::string_view text);
std::string WhyNotNoProxy(absl::string_view text);

// One DNS label of at most 32 characters; the result is in lower case. "wv" before a digit belongs to the host, not to
// the name, and is taken off: "wv0042" -> "0042".
std::optional<std::string> ParseServerName(absl::string_view text);

// `text` in double quotes for a message or for YAML: control characters escaped, the user and password of a URL hidden.
std::string Quote(absl::string_view text);

}  // namespace interaction::config
