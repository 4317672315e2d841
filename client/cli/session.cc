#include "client/cli/session.h"

#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "client/cli/exit_code.h"
#include "client/cli/terminal.h"
#include "client/read_file.h"
#include "version/version.h"

namespace interaction::cli {
namespace {

// ": No space left on device", if the last operation of a stream left a reason.
std::string ReasonOfSystem() { return errno == 0 ? "" : absl::StrCat(": ", std::strerror(errno)); }

// The command line that makes the same call again; empty if it read standard input, which has been used up. It names
// the call's request_id if a flag, the environment or a profile asked for one: "auto" would make another.
std::string CommandAgain(const Session& session, absl::string_view request_id) {
  if (session.reads_input) return "";
  if (session.options.request_id.empty()) return session.command_line;
  const std::string flag = absl::StrCat("--request-id ", request_id);
  std::string command =
      absl::StrReplaceAll(session.command_line, {{"--request-id auto", flag}, {"--request-id=auto", flag}});
  if (!absl::StrContains(command, request_id)) absl::StrAppend(&command, " ", flag);
  return command;
}

}  // namespace

bool UsesTls(const GlobalOptions& options) {
  const TlsFiles& files = options.tls_files;
  return options.tls || !files.ca.empty() || !files.certificate.empty() || !files.key.empty();
}

absl::StatusOr<std::unique_ptr<Client>> Connect(const Session& session) {
  const GlobalOptions& flags = session.options;
  ClientOptions options{.target = flags.address,
                        .proxy = flags.proxy,
                        .token_file = flags.token_file,
                        .api_key_file = flags.api_key_file,
                        .user_agent_prefix = absl::StrCat("interactionctl/", GetBuildInfo().version),
                        .make_request_id = false};
  if (UsesTls(flags)) options.tls = flags.tls_files;
  return Client::Connect(options);
}

CallOptions MakeCallOptions(const Session& session) {
  return {.deadline = absl::Now() + session.options.timeout, .metadata = session.options.metadata, .stop = {}};
}

absl::StatusOr<std::string> ReadInput(const Session& session, const std::string& path) {
  if (path != "-") return ReadFile(path);
  session.reads_input = true;
  TellThatInputIsRead(session);
  std::string text;
  char buffer[16384];
  errno = 0;
  while (session.in.read(buffer, sizeof(buffer)) || session.in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(session.in.gcount()));
    if (text.size() > kMaxFileBytes) return absl::InvalidArgumentError("standard input is larger than 4 MiB");
  }
  if (session.in.bad()) return absl::NotFoundError(absl::StrCat("cannot read standard input", ReasonOfSystem()));
  return text;
}

int WriteData(const Session& session, absl::string_view data, absl::string_view instead, int exit_code) {
  errno = 0;
  session.out << data << std::flush;
  if (session.out) return exit_code;
  session.err << "interactionctl: cannot write to standard output" << ReasonOfSystem() << "\n" << instead << std::flush;
  return exit_code == kExitOk ? kExitNotWritten : exit_code;
}

int FailUsage(const Session& session, absl::string_view message) {
  session.err << "interactionctl: " << message << "\n";
  return kExitUsage;
}

int FailCall(const Session& session, const absl::Status& status, Effect effect, absl::string_view request_id) {
  const std::string reason = GetCallError(status).reason;
  if (reason == kIllegalMetadata || reason == kCredentialUnreadable) return FailUsage(session, status.message());
  const std::string text = RenderError(status, effect, request_id, CommandAgain(session, request_id));
  if (session.options.format != Format::kTable) {
    return WriteData(session, RenderErrorData(status, session.options.format), text, ExitCodeOf(status));
  }
  session.err << text;
  return ExitCodeOf(status);
}

}  // namespace interaction::cli
