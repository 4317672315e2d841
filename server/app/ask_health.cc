#include "server/app/ask_health.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/http/download.h"

namespace interaction::app {
namespace {

// Where to connect to what listens there. All addresses are reached by that of this machine.
absl::StatusOr<std::string> ReachableAddress(absl::string_view listen) {
  if (listen == "off") {
    return absl::FailedPreconditionError(
        "admin.listen is off, and --health asks the admin port; ask the gRPC health service of server.listen instead");
  }
  if (absl::EndsWith(listen, ":0")) {
    return absl::FailedPreconditionError(
        absl::StrCat("admin.listen is ", listen, ": with port 0 nobody knows where to ask; name a port"));
  }
  for (const absl::string_view all : {"0.0.0.0:", "[::]:"}) {
    if (absl::ConsumePrefix(&listen, all)) return absl::StrCat("127.0.0.1:", listen);
  }
  return std::string(listen);
}

}  // namespace

absl::StatusOr<std::string> AskHealth(const config::Admin& admin, absl::Duration timeout) {
  // The certificate is the gateway's own, for names that it has elsewhere; nothing secret is sent.
  http::DownloadOptions options{.timeout = timeout, .verify_certificate = false};
  ASSIGN_OR_RETURN(std::string address, ReachableAddress(admin.listen));
  absl::string_view path = address;
  if (absl::ConsumePrefix(&path, "unix:")) {
    options.unix_socket = std::string(path);
    address = "localhost";
  }
  const absl::string_view scheme = admin.tls_cert_file.empty() ? "http" : "https";
  const absl::StatusOr<http::Document> document = http::Get(absl::StrCat(scheme, "://", address, "/readyz"), options);
  if (!document.ok()) {
    return absl::UnavailableError(
        absl::StrCat("the gateway does not answer at ", admin.listen, ": ", document.status().message()));
  }
  if (document->status != 200) {
    return absl::UnavailableError(absl::StrCat("the gateway is not ready:\n", absl::StripSuffix(document->body, "\n")));
  }
  return document->body;
}

}  // namespace interaction::app
