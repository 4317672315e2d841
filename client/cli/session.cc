#include "client/cli/session.h"

#include <fstream>
#include <iterator>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/exit_code.h"
#include "version/version.h"

namespace interaction::cli {

absl::StatusOr<std::unique_ptr<Client>> Connect(const Session& session) {
  const GlobalOptions& flags = session.options;
  const TlsFiles& files = flags.tls_files;
  ClientOptions options{.target = flags.address,
                        .user_agent_prefix = absl::StrCat("interactionctl/", GetBuildInfo().version)};
  const bool any_file = !files.ca.empty() || !files.certificate.empty() || !files.key.empty();
  if (flags.tls || any_file) options.tls = files;
  return Client::Connect(options);
}

CallOptions MakeCallOptions(const Session& session) {
  return {.deadline = absl::Now() + session.options.timeout, .metadata = session.options.metadata};
}

absl::StatusOr<std::string> ReadInput(const Session& session, const std::string& path) {
  if (path == "-") return std::string{std::istreambuf_iterator<char>(session.in), {}};
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text;
}

int FailUsage(const Session& session, absl::string_view message) {
  session.err << "interactionctl: " << message << "\n";
  return kExitUsage;
}

int FailCall(const Session& session, const absl::Status& status, Effect effect) {
  if (GetCallError(status).reason == kIllegalMetadata) return FailUsage(session, status.message());
  if (session.options.format == Format::kJson) {
    session.out << RenderErrorJson(status);
  } else {
    session.err << RenderError(status, effect);
  }
  return ExitCodeOf(status);
}

}  // namespace interaction::cli
