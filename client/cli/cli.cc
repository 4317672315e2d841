#include "client/cli/cli.h"

#include <memory>
#include <optional>
#include <ostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/command_line_errors.h"
#include "client/cli/commands/add_wolkvox.h"
#include "client/cli/commands/create_vsp.h"
#include "client/cli/commands/health.h"
#include "client/cli/exit_code.h"
#include "client/cli/not_empty.h"
#include "client/cli/request_id.h"
#include "version/version.h"

namespace interaction::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  interactionctl health
  interactionctl create-vsp --interaction-identity +573001234567 --interaction-name "Claim 1138" \
      --account-id 6925ebd4-125d-4338-a736-99f4b5bcb3d7 --contact-id 0b0a3c1e-58b4-4c1b-9d0e-2d0c6a1f7f55
  interactionctl add-wolkvox --json message.json -o json)";

constexpr char kExitCodes[] = R"(Exit codes:
  0   done
  1   health: the answer is not SERVING
  2   wrong flags or input; nothing was sent
  3   done, but not written to standard output; standard error has it
  64+ the call failed: 64 + its gRPC code, for example 67 INVALID_ARGUMENT, 78 UNAVAILABLE
  128+ ended by a signal: 128 + its number, which is how a shell puts it

Data goes to standard output, everything else to standard error. With -o json an error is
data too: a google.rpc.Status.
)";

// Help with the examples, which CLI11 calls the footer, before the reference.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    const bool is_root = app->get_parent() == nullptr;
    return absl::StrCat(app->get_description(), ".\n\n", app->get_footer(), "\n\n", make_usage(app, name),
                        make_groups(app, mode), make_subcommands(app, mode), "\n",
                        is_root ? kExitCodes : "Flags for every command: interactionctl --help\n");
  }
};

void ParseTimeout(const std::string& text, GlobalOptions& options) {
  if (!absl::ParseDuration(text, &options.timeout) || options.timeout <= absl::ZeroDuration()) {
    throw CLI::ValidationError("--timeout", "must be a duration above zero, such as 30s or 1m30s");
  }
}

void ParseFormat(const std::string& text, GlobalOptions& options) {
  if (text != "table" && text != "json") throw CLI::ValidationError("--output", "must be table or json");
  options.format = text == "json" ? Format::kJson : Format::kTable;
}

void ParseMetadata(const std::vector<std::string>& texts, GlobalOptions& options) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) throw CLI::ValidationError("-H", "must be name=value");
    options.metadata.emplace_back(absl::AsciiStrToLower(text.substr(0, equals)), text.substr(equals + 1));
  }
}

void DeclareGlobalOptions(CLI::App& root, GlobalOptions& options) {
  root.add_option("--address", options.address, "where the gateway listens, or INTERACTION_ADDRESS [127.0.0.1:50051]")
      ->type_name("HOST:PORT");
  root.add_option("--proxy", options.proxy, "HTTP proxy to the gateway; http_proxy is ignored [none]")
      ->type_name("http://HOST:PORT")
      ->check(NotEmpty());
  root.add_flag("--tls", options.tls, "use TLS; implied by the next three");
  root.add_option("--ca", options.tls_files.ca, "PEM file with the certificate authorities to trust")
      ->type_name("FILE")
      ->check(NotEmpty());
  root.add_option("--cert", options.tls_files.certificate, "PEM file with the client's certificate")
      ->type_name("FILE")
      ->check(NotEmpty());
  root.add_option("--key", options.tls_files.key, "PEM file with the client's private key")
      ->type_name("FILE")
      ->check(NotEmpty());
  root.add_option("--token-file", options.token_file, "file with a bearer token that says who calls")
      ->type_name("FILE")
      ->check(NotEmpty());
  root.add_option("--api-key-file", options.api_key_file, "file with an API key that says who calls")
      ->type_name("FILE")
      ->check(NotEmpty());
  root.add_option_function<std::string>(
          "--timeout", [&options](const std::string& text) { ParseTimeout(text, options); },
          "how long to wait for an answer [30s]")
      ->type_name("DURATION");
  root.add_option_function<std::vector<std::string>>(
          "-H", [&options](const std::vector<std::string>& texts) { ParseMetadata(texts, options); },
          "metadata to send; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  root.add_option_function<std::string>(
          "-o,--output", [&options](const std::string& text) { ParseFormat(text, options); }, "table or json [table]")
      ->type_name("FORMAT");
  root.add_option("--request-id", options.request_id, "UUID that makes the call exactly-once; 'auto' for a new one")
      ->type_name("UUID")
      ->check(NotEmpty());
}

// Prints what was asked for, help or the version, and returns the exit code.
int PrintInfo(const CLI::App& root, const CLI::ParseError& request, const Session& session) {
  std::ostringstream text;
  root.exit(request, text, text);
  return WriteData(session, text.str(), "", kExitOk);
}

// Parses the command line. Returns the exit code if that is the end of it: help was asked for, or something is wrong.
std::optional<int> Parse(CLI::App& root, const std::vector<std::string>& args, const Session& session) {
  try {
    root.parse(std::vector<std::string>(args.rbegin(), args.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    const std::optional<std::string> wrong = DescribeError(root, error);
    return wrong.has_value() ? FailUsage(session, *wrong) : PrintInfo(root, error, session);
  }
  return std::nullopt;
}

int Dispatch(const CLI::App& root, const std::vector<Command>& commands, Session& session) {
  const std::vector<CLI::App*> selected = root.get_subcommands();
  if (selected.empty()) return FailUsage(session, "no command; see interactionctl --help");
  if (selected.size() > 1) return FailUsage(session, "only one command can be given");
  if (session.options.request_id == "auto") {
    absl::BitGen random;
    session.options.request_id = NewRequestId(random);
    session.err << "request id: " << session.options.request_id << "\n";
  }
  for (const Command& command : commands) {
    if (command.app == selected.front()) return command.run(session);
  }
  return kExitUsage;
}

}  // namespace

int RunCli(const std::vector<std::string>& args, const GetEnv& getenv, std::istream& in, std::ostream& out,
           std::ostream& err) {
  Session session{.options = {}, .getenv = getenv, .in = in, .out = out, .err = err};
  if (const char* address = getenv("INTERACTION_ADDRESS"); address != nullptr) session.options.address = address;

  CLI::App root("Open interactions at SeeThePro and wolkvox through an Interaction Gateway", "interactionctl");
  root.formatter(std::make_shared<HelpFormatter>());
  root.get_formatter()->column_width(32);
  root.footer(kExamples);
  root.set_help_flag("-h,--help", "print this help");
  root.set_version_flag("--version", VersionLine("interactionctl"), "print version, commit and build");
  root.fallthrough();  // global flags may follow the command
  DeclareGlobalOptions(root, session.options);
  const std::vector<Command> commands = {AddCreateVsp(root), AddAddWolkvox(root), AddHealth(root)};

  if (const std::optional<int> code = Parse(root, args, session); code.has_value()) return *code;
  return Dispatch(root, commands, session);
}

}  // namespace interaction::cli
