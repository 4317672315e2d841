#include "client/cli/cli.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/command_line_errors.h"
#include "client/cli/commands/about.h"
#include "client/cli/commands/add_wolkvox.h"
#include "client/cli/commands/create_vsp.h"
#include "client/cli/commands/explain.h"
#include "client/cli/commands/health.h"
#include "client/cli/commands/import.h"
#include "client/cli/completion.h"
#include "client/cli/duration_flag.h"
#include "client/cli/exit_code.h"
#include "client/cli/flag_sources.h"
#include "client/cli/manual.h"
#include "client/cli/not_empty.h"
#include "client/cli/terminal.h"
#include "version/version.h"

namespace interaction::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  interactionctl health
  interactionctl create-vsp --interaction-identity +573001234567 --interaction-name "Claim 1138" \
      --account-id 6925ebd4-125d-4338-a736-99f4b5bcb3d7 --contact-id 0b0a3c1e-58b4-4c1b-9d0e-2d0c6a1f7f55
  interactionctl add-wolkvox --json message.json -o json
  interactionctl import --method create-vsp customers.csv
  interactionctl explain UPSTREAM_TIMEOUT)";

// Text in lines of at most 100 characters.
std::string Wrapped(absl::string_view text) {
  constexpr size_t kWidth = 100;
  std::string lines;
  size_t width = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    const bool is_full = width + 1 + word.size() > kWidth;
    absl::StrAppend(&lines, width == 0 ? "" : is_full ? "\n" : " ", word);
    width = (is_full ? 0 : width + 1) + word.size();
  }
  return lines + "\n";
}

// Help with the examples, which CLI11 calls the footer, before the reference.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    const bool is_root = app->get_parent() == nullptr;
    return absl::StrCat(app->get_description(), ".\n\n", app->get_footer(), "\n\n", make_usage(app, name),
                        make_subcommands(app, mode), make_groups(app, mode), "\n",
                        is_root ? absl::StrCat(Wrapped(kFlagSources), "\n", kExitCodes)
                                : "Flags for every command: interactionctl --help\n");
  }
};

// What a command line that asks for nothing gets: what there is, and where more is said.
int FailWithHelp(const CLI::App& app, const Session& session, absl::string_view message) {
  const bool is_root = app.get_parent() == nullptr;
  std::string commands;
  for (const CLI::App* command : CommandsOf(app)) {
    absl::StrAppend(&commands, absl::StrFormat("  %-13s %s\n", command->get_name(), command->get_description()));
  }
  session.err << app.get_description() << ".\n\n" << app.get_footer() << "\n\n";
  if (is_root) session.err << "Commands:\n" << commands << "\n";
  return FailUsage(session,
                   absl::StrCat(message, "; see interactionctl ", is_root ? "" : app.get_name() + " ", "--help"));
}

bool HasOwnInput(const CLI::App& command) {
  return !command.get_options([](const CLI::Option* option) { return option->count() > 0; }).empty();
}

// `help` and `help COMMAND` are --help, which the parser knows.
std::vector<std::string> WithoutHelpCommand(const std::vector<std::string>& args) {
  if (args.empty() || args.front() != "help") return args;
  std::vector<std::string> others(args.begin() + 1, args.end());
  others.emplace_back("--help");
  return others;
}

// The arguments as a shell would read them again.
std::string CommandLine(const std::vector<std::string>& args) {
  std::string line = "interactionctl";
  for (const std::string& arg : args) {
    const bool is_plain = !arg.empty() && std::all_of(arg.begin(), arg.end(), [](unsigned char c) {
      return absl::ascii_isalnum(c) || absl::StrContains("-_./:=+@,", static_cast<char>(c));
    });
    absl::StrAppend(&line, " ", is_plain ? arg : absl::StrCat("'", absl::StrReplaceAll(arg, {{"'", "'\\''"}}), "'"));
  }
  return line;
}

void ParseFormat(const std::string& text, GlobalOptions& options) {
  const std::optional<Format> format = FormatNamed(text);
  if (!format) throw CLI::ValidationError("--output", "must be table, json, yaml or ndjson");
  options.format = *format;
}

void ParseMetadata(const std::vector<std::string>& texts, GlobalOptions& options) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) throw CLI::ValidationError("-H", "must be name=value");
    options.metadata.emplace_back(absl::AsciiStrToLower(text.substr(0, equals)), text.substr(equals + 1));
  }
}

void DeclareGlobalOptions(CLI::App& root, GlobalOptions& options) {
  root.add_option("--address", options.address, "where the gateway listens [127.0.0.1:50051]")->type_name("HOST:PORT");
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
  AddDuration(root, "--timeout", &options.timeout, "how long to wait for an answer [30s]", "30s or 1m30s");
  root.add_option_function<std::vector<std::string>>(
          "-H,--metadata", [&options](const std::vector<std::string>& texts) { ParseMetadata(texts, options); },
          "metadata to send; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  root.add_option_function<std::string>(
          "-o,--output", [&options](const std::string& text) { ParseFormat(text, options); },
          "table, json, yaml or ndjson [table]")
      ->type_name("FORMAT");
  root.add_option("--request-id", options.request_id, "UUID that makes the call exactly-once; 'auto' for a new one")
      ->type_name("UUID")
      ->check(NotEmpty());
  root.add_flag("--dry-run", options.dry_run, "show the request, its secrets masked, and send nothing");
  root.add_flag("-v,--verbose", options.verbose, "tell where the call goes, its trace, who answered and when");
  root.add_flag("-q,--quiet", options.quiet, "no notes and no progress: data, errors and warnings alone");
  root.add_option("--profile", options.profile, "which profile to use; see below")
      ->type_name("NAME")
      ->check(NotEmpty());
  root.add_option("--profiles", options.profiles, "file with profiles [~/.config/interactionctl/profiles.yaml]")
      ->type_name("FILE")
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
  if (selected.empty()) return FailWithHelp(root, session, "no command");
  if (selected.size() > 1) return FailUsage(session, "only one command can be given");
  for (const Command& command : commands) {
    if (command.app != selected.front()) continue;
    const bool is_bare = command.needs_input && session.arguments == 1 && !HasOwnInput(*command.app);
    return is_bare ? FailWithHelp(*command.app, session, command.app->get_name() + " needs flags or arguments")
                   : command.run(session);
  }
  return kExitUsage;
}

}  // namespace

int RunCli(const std::vector<std::string>& args, const GetEnv& getenv, std::istream& in, std::ostream& out,
           std::ostream& err) {
  Session session{.options = {},
                  .command_line = CommandLine(args),
                  .arguments = args.size(),
                  .getenv = getenv,
                  .in = in,
                  .out = out,
                  .err = err,
                  .set_elsewhere = {},
                  .terminal = FindTerminal(in, err, getenv)};

  CLI::App root("Open interactions at SeeThePro and wolkvox through an Interaction Gateway", "interactionctl");
  root.formatter(std::make_shared<HelpFormatter>());
  root.get_formatter()->column_width(32);
  root.footer(kExamples);
  root.set_help_flag("-h,--help", "print this help");
  root.set_version_flag("--version", VersionLine("interactionctl"), "print version, commit and build");
  root.fallthrough();  // global flags may follow the command
  DeclareGlobalOptions(root, session.options);
  const std::vector<Command> commands = {AddCreateVsp(root), AddAddWolkvox(root), AddHealth(root),
                                         AddImport(root),    AddExplain(root),    AddHelp(root),
                                         AddVersion(root),   AddCompletion(root), AddManual(root)};

  if (const std::optional<int> code = Parse(root, WithoutHelpCommand(args), session); code.has_value()) return *code;
  if (absl::Status status = SetFlagsFromElsewhere(root, session); !status.ok()) {
    return FailUsage(session, status.message());
  }
  return Dispatch(root, commands, session);
}

}  // namespace interaction::cli
