#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::config {

// Parses values as people write them. Pure functions; nullopt means that the text does not have the form or is out of
// range.

std::optional<int> ParseInteger(absl::string_view text, int min, int max);

// "true" or "false", nothing else.
std::optional<bool> ParseBoolean(absl::string_view text);

// "250ms", "1m30s", "0s": the unit is required, because a timeout without one is easily wrong by a factor of a
// thousand.
std::optional<absl::Duration> ParseTime(absl::string_view text, absl::Duration min, absl::Duration max);

// The text from which ParseTime gets exactly the same time: "1m30s".
std::string FormatTime(absl::Duration time);

// "65536", "64KiB", "1MiB".
std::optional<int> ParseSize(absl::string_view text, int min, int max);

// The shortest spelling that ParseSize accepts: 65536 -> "64KiB".
std::string FormatSize(int bytes);

// "host:port", "[::1]:port", "unix:/path"; the port may be 0.
std::optional<std::string> ParseListen(absl::string_view text);

// The same for an address to connect to: the port must not be 0. "" is accepted, too.
std::optional<std::string> ParseConnect(absl::string_view text);

// An absolute http or https URL of host, optional port and path: no user, query or fragment. The result begins with the
// scheme in lower case and ends with "/".
std::optional<std::string> ParseBaseUrl(absl::string_view text);

// The same, with at most one "{server}", in the host and before a dot: the domain after it is fixed, so that no name of
// a server can lead to another domain.
std::optional<std::string> ParseBaseUrlTemplate(absl::string_view text);

// "" or an absolute http or https URL of host, optional port, path and query: no user or fragment.
std::optional<std::string> ParseHttpUrl(absl::string_view text);

// "" or http://[user:password@]host[:port].
std::optional<std::string> ParseProxy(absl::string_view text);

// Hosts, domains with a leading dot, IP addresses without brackets, or "*"; separated by commas or blanks.
std::optional<std::string> ParseNoProxy(absl::string_view text);

// Why ParseListen and ParseConnect, ParseBaseUrl, ParseProxy, ParseBaseUrlTemplate, or ParseNoProxy reject a text:
// "the host ends with a dot; leave it out". "" if there is nothing to add to the form of the key.
std::string WhyNotAddress(absl::string_view text);
std::string WhyNotUrl(absl::string_view text);
std::string WhyNotProxy(absl::string_view text);
std::string WhyNotUrlTemplate(absl::string_view text);
std::string WhyNotNoProxy(absl::string_view text);

// One DNS label of at most 32 characters; the result is in lower case. "wv" before a digit belongs to the host, not to
// the name, and is taken off: "wv0042" -> "0042".
std::optional<std::string> ParseServerName(absl::string_view text);

// `text` in double quotes for a message or for YAML, with control characters escaped and the user and password of a URL
// hidden.
std::string Quote(absl::string_view text);

}  // namespace interaction::config
