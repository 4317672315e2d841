#include "client/target.h"

#include <sys/un.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction {
namespace {

absl::Status Wrong(absl::string_view target, absl::string_view why, absl::string_view example) {
  return absl::InvalidArgumentError(absl::StrCat("'", target, "' is not an address: ", why, "; for example ", example));
}

bool IsPort(absl::string_view text) {
  int port = 0;
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && absl::SimpleAtoi(text, &port) && port >= 1 &&
         port <= 65535;
}

// `text` without the port: what stands before the last colon, or all of it. An IPv6 address keeps its brackets.
absl::string_view HostOf(absl::string_view text) {
  const size_t colon = text.rfind(':');
  const bool in_brackets = absl::StrContains(text.substr(colon == text.npos ? text.size() : colon), ']');
  return in_brackets ? text : text.substr(0, colon);
}

// host:port, [::1]:port.
absl::Status CheckHostPort(absl::string_view target, absl::string_view text) {
  const absl::string_view host = HostOf(text);
  if (std::count(host.begin(), host.end(), ':') > 0 && !absl::StartsWith(host, "[")) {
    return Wrong(target, "the IPv6 address has no brackets", "[::1]:50051");
  }
  if (host.empty()) return Wrong(target, "the host is missing", "127.0.0.1:50051");
  const std::string example = absl::StrCat(host, ":50051");
  if (host.size() == text.size()) return Wrong(target, "the port is missing", example);
  if (!IsPort(text.substr(host.size() + 1))) {
    return Wrong(target, "the port must be a number from 1 to 65535", example);
  }
  return absl::OkStatus();
}

absl::Status CheckUnixPath(absl::string_view target, absl::string_view path) {
  if (path.empty()) return Wrong(target, "the path is missing", "unix:/run/interaction.sock");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Wrong(target, "a socket's path has at most 107 bytes", "unix:/run/interaction.sock");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTarget(absl::string_view target) {
  if (target.empty()) return absl::InvalidArgumentError("no address; for example 127.0.0.1:50051");
  absl::string_view rest = target;
  for (const absl::string_view scheme : {"http://", "https://", "grpc://", "grpcs://"}) {
    if (!absl::ConsumePrefix(&rest, scheme)) continue;
    rest = rest.substr(0, rest.find('/'));
    const bool has_port = CheckHostPort(rest, rest).ok();
    return Wrong(target, "a URL is not accepted here", has_port ? rest : absl::StrCat(HostOf(rest), ":50051"));
  }
  if (absl::ConsumePrefix(&rest, "unix://") || absl::ConsumePrefix(&rest, "unix:")) return CheckUnixPath(target, rest);
  if (absl::ConsumePrefix(&rest, "dns:")) {
    if (absl::ConsumePrefix(&rest, "//")) rest = rest.substr(std::min(rest.find('/'), rest.size() - 1) + 1);
    return CheckHostPort(target, rest);
  }
  if (absl::ConsumePrefix(&rest, "ipv4:") || absl::ConsumePrefix(&rest, "ipv6:")) {
    for (const absl::string_view address : absl::StrSplit(rest, ',')) {
      absl::Status status = CheckHostPort(target, address);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }
  for (const absl::string_view scheme : {"unix-abstract:", "vsock:", "xds:", "google-c2p:"}) {
    if (absl::StartsWith(target, scheme)) return absl::OkStatus();
  }
  return CheckHostPort(target, target);
}

absl::Status CheckProxy(absl::string_view url) {
  if (url.empty()) return absl::OkStatus();
  const std::string shown = WithoutUser(url);
  absl::string_view rest = shown;
  constexpr char kExample[] = "http://proxy:3128";
  if (!absl::ConsumePrefix(&rest, "http://")) return Wrong(shown, "the proxy must be reached by plain HTTP", kExample);
  absl::ConsumeSuffix(&rest, "/");
  const absl::Status status = CheckHostPort(rest, rest);
  return status.ok() ? status : Wrong(shown, "a proxy needs a host and a port", kExample);
}

std::string WithoutUser(absl::string_view url) {
  const size_t scheme = url.find("://");
  const size_t start = scheme == url.npos ? 0 : scheme + 3;
  const size_t at = url.rfind('@');
  return at == url.npos || at < start ? std::string(url) : absl::StrCat(url.substr(0, start), url.substr(at + 1));
}

}  // namespace interaction
