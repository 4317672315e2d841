#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/Option.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/output.h"
#include "interaction/client.h"

namespace interaction::cli {

using GetEnv = std::function<const char*(const char*)>;  // null for a variable that is not set

// The flags that every command takes.
struct GlobalOptions {
  std::string address = "127.0.0.1:50051";
  std::string proxy;  // empty: none
  bool tls = false;   // on as well when one of the files is given
  TlsFiles tls_files;
  std::string token_file;
  std::string api_key_file;
  absl::Duration timeout = absl::Seconds(30);
  std::vector<std::pair<std::string, std::string>> metadata;
  Format format = Format::kTable;
  std::string request_id;  // "auto": a new one
  bool dry_run = false;
  bool verbose = false;
  bool quiet = false;
  std::string profile;
  std::string profiles;  // the file with them
};

// What a person has before them. Nothing, in a script.
struct Terminal {
  bool reads = false;     // standard input is a terminal
  bool shows = false;     // standard error is one
  bool rewrites = false;  // and it can change a line that it shows
  size_t width = 120;     // of its lines
};

// What a command works with: the flags, the environment, and its output. `out` gets data, `err` gets messages.
struct Session {
  GlobalOptions options;
  std::string command_line;  // as a shell would read it again
  size_t arguments = 0;      // in it
  GetEnv getenv;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::set<const CLI::Option*> set_elsewhere;  // flags whose value is not from the command line
  mutable bool reads_input = false;            // standard input has been read
  Terminal terminal;
  mutable std::ostream nowhere{nullptr};

  // For messages that are neither data, nor errors, nor warnings: --quiet leaves them out.
  std::ostream& notes() const { return options.quiet ? nowhere : err; }
};

// Whether the flags ask for TLS: by --tls, or by one of its files.
bool UsesTls(const GlobalOptions& options);

absl::StatusOr<std::unique_ptr<Client>> Connect(const Session& session);
CallOptions MakeCallOptions(const Session& session);

// The text of `path`, of standard input for "-". The error says what cannot be read and why.
absl::StatusOr<std::string> ReadInput(const Session& session, const std::string& path);

// Writes data to standard output and returns `exit_code`. If it cannot be written, standard error gets the reason, then
// `instead`, and the exit code is kExitNotWritten unless `exit_code` tells of a failure already.
int WriteData(const Session& session, absl::string_view data, absl::string_view instead, int exit_code);

// Print, and return the exit code.
int FailUsage(const Session& session, absl::string_view message);
int FailCall(const Session& session, const absl::Status& status, Effect effect, absl::string_view request_id = "");

}  // namespace interaction::cli
