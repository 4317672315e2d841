#include "client/cli/commands/import.h"

#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/duration_flag.h"
#include "client/cli/import/method.h"
#include "client/cli/import/run.h"
#include "client/cli/not_empty.h"

namespace interaction::cli {
namespace {

using import::ImportOptions;

constexpr char kImportExamples[] = R"(Examples:
  interactionctl import --method create-vsp customers.csv --check
  interactionctl import --method create-vsp customers.csv --map "Phone=interaction_identity" --set tenant_key=...
  interactionctl import --method add-wolkvox - --name july --rate 20 < july.ndjson

Run the same command again to go on after an interruption, or after rows were corrected: what was opened
is not sent again. A file under another name is another import, unless --name says which one it is.

A field that a row leaves out is filled by --set or by the flag with -file, else from the environment. A column
beside such a flag is an error; beside a variable of the environment, the row's own value is used.)";

constexpr char kDurations[] = "90s or 24h";

// The file with a credential for all rows.
struct SecretFlag {
  const char* field;
  std::string file;
  const CLI::Option* flag = nullptr;
};

struct ImportFlags {
  ImportOptions options;
  std::vector<std::string> map;
  std::vector<std::string> set;
  const CLI::Option* set_flag = nullptr;
  SecretFlag key{"app_access_key"};
  SecretFlag token{"wolkvox_token"};
};

// "TITLE=FIELD" at the last '=', since titles may contain one; "FIELD=VALUE" at the first.
absl::StatusOr<std::pair<std::string, std::string>> Split(const std::string& text, size_t at, const char* usage) {
  if (at == std::string::npos || at == 0) return absl::InvalidArgumentError(absl::StrCat(usage, ", not '", text, "'"));
  return std::pair<std::string, std::string>(text.substr(0, at), text.substr(at + 1));
}

void DeclareInput(CLI::App& app, ImportFlags& flags) {
  ImportOptions& options = flags.options;
  app.add_option("--method", options.method, "create-vsp or add-wolkvox (required)")->type_name("METHOD");
  app.add_option("file", options.file, "CSV or NDJSON; '-' for standard input")->type_name("FILE")->check(NotEmpty());
  app.add_option("--name", options.name, "what the import is called [the file's name without its ending]")
      ->type_name("NAME")
      ->check(NotEmpty());
  app.add_option("--format", options.format, "csv or ndjson [found]")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "ndjson"}));
  app.add_option("--separator", options.separator, "of cells: a character, or tab, comma, semicolon, pipe [found]")
      ->type_name("CHARACTER");
  app.add_option("--encoding", options.encoding, "of text without byte order mark, such as windows-1252 [UTF-8]")
      ->type_name("NAME");
  app.add_option("--map", flags.map, "the column fills the field; without a field, it is left out; may be repeated")
      ->type_name("TITLE=FIELD")
      ->allow_extra_args(false);
  flags.set_flag = app.add_option("--set", flags.set, "the same value for all rows; may be repeated")
                       ->type_name("FIELD=VALUE")
                       ->allow_extra_args(false);
  app.add_flag("--ignore-unknown-columns", options.requests.columns.ignore_unknown_columns,
               "leave out columns that are no fields");
  app.add_flag("--keep-rounded-numbers", options.requests.keep_rounded_numbers,
               "take cells such as 5.73E+11 as they are");
  flags.key.flag = app.add_option("--app-access-key-file", flags.key.file,
                                  "file that holds the access key for all rows (or INTERACTION_APP_ACCESS_KEY)")
                       ->type_name("FILE")
                       ->check(NotEmpty());
  flags.token.flag = app.add_option("--wolkvox-token-file", flags.token.file,
                                    "file that holds the wolkvox token for all rows (or INTERACTION_WOLKVOX_TOKEN)")
                         ->type_name("FILE")
                         ->check(NotEmpty());
}

void DeclareSending(CLI::App& app, ImportOptions& options) {
  app.add_flag("--check", options.check, "check every row, send nothing");
  app.add_flag("--resume", options.resume, "go on with an import: fail if there is no journal of it");
  app.add_flag("--send-valid", options.send_valid, "send the rows without problems although others have some");
  app.add_flag("-y,--yes", options.yes, "do not ask at a terminal before rows are sent");
  app.add_option("--jobs", options.jobs, "calls at a time, at most [8]")->type_name("N")->check(CLI::Range(1, 256));
  app.add_option("--rate", options.rate, "calls a second, at most [as fast as the gateway takes them]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--limit", options.limit, "send at most N rows, then stop")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  AddDuration(app, "--window", &options.window, "how long the gateway remembers a request_id [24h]", kDurations);
  AddDuration(app, "--patience", &options.patience, "how long to wait for a gateway that does not serve [5m]",
              kDurations);
  app.add_option("--journal", options.journal, "what was sent and what came of it [NAME.import-journal]")
      ->type_name("FILE")
      ->check(NotEmpty());
  app.add_flag("--same-gateway", options.same_gateway, "--address is another name of the journal's gateway");
  app.add_option("--results", options.results,
                 "every row and what became of it; '-' for standard output [NAME.results.csv]")
      ->type_name("FILE")
      ->check(NotEmpty());
  app.add_option("--to-correct", options.to_correct, "the rows that were refused [NAME.to-correct.csv]")
      ->type_name("FILE")
      ->check(NotEmpty());
}

absl::StatusOr<std::string> ReadSecret(const Session& session, const std::string& file) {
  if (file == "-") return absl::InvalidArgumentError("a credential cannot come from standard input here");
  const absl::StatusOr<std::string> text = ReadInput(session, file);
  if (!text.ok()) return text.status();
  std::string secret(absl::StripTrailingAsciiWhitespace(*text));
  if (secret.empty()) return absl::InvalidArgumentError(absl::StrCat(file, " is empty"));
  return secret;
}

// The credential for all rows, where the method has such a field: from the file of the command line, which no column
// may contradict, or as a default from the environment.
absl::Status AddSecret(const Session& session, const import::Method& method, const SecretFlag& secret,
                       import::RequestOptions& requests) {
  const std::string field = secret.field;
  const bool belongs = field == method.secret_field;
  const bool is_elsewhere = session.set_elsewhere.contains(secret.flag);
  if (!secret.file.empty() && (belongs || !is_elsewhere)) {
    if (!belongs) return absl::InvalidArgumentError(absl::StrCat(field, " is no field of ", method.name));
    const absl::StatusOr<std::string> text = ReadSecret(session, secret.file);
    if (!text.ok()) return text.status();
    (is_elsewhere ? requests.defaults : requests.constants).emplace_back(field, *text);
  } else if (belongs) {
    const std::string variable = absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(field));
    const char* value = session.getenv(variable.c_str());
    if (value != nullptr && *value != '\0') requests.defaults.emplace_back(field, value);
  }
  return absl::OkStatus();
}

absl::Status AddConstants(const Session& session, const import::Method& method, const ImportFlags& flags,
                          import::RequestOptions& requests) {
  const bool is_elsewhere = session.set_elsewhere.contains(flags.set_flag);
  for (const std::string& text : flags.set) {
    auto pair = Split(text, text.find('='), "--set: must be FIELD=VALUE");
    if (!pair.ok()) return pair.status();
    if (import::FindField(*method.request.GetDescriptor(), pair->first) == method.SecretField()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set: ", pair->first,
                       " is a secret, and a command line can be read by others: use the flag with "
                       "-file, or the environment"));
    }
    (is_elsewhere ? requests.defaults : requests.constants).push_back(*std::move(pair));
  }
  return absl::OkStatus();
}

absl::Status Complete(const Session& session, ImportFlags& flags) {
  ImportOptions& options = flags.options;
  if (options.method.empty()) return absl::InvalidArgumentError("--method is required: create-vsp or add-wolkvox");
  const absl::StatusOr<const import::Method*> method = import::FindMethod(options.method);
  if (!method.ok()) return method.status();
  if (options.to_correct == "-") return absl::InvalidArgumentError("--to-correct: only --results can be '-'");
  if (options.file.empty()) return absl::InvalidArgumentError("which file is to be imported? '-' is standard input");
  for (const std::string& text : flags.map) {
    auto pair = Split(text, text.rfind('='), "--map: must be TITLE=FIELD");
    if (!pair.ok()) return pair.status();
    options.requests.columns.map.push_back(*std::move(pair));
  }
  absl::Status status = AddConstants(session, **method, flags, options.requests);
  for (const SecretFlag* secret : {&flags.key, &flags.token}) {
    if (status.ok()) status = AddSecret(session, **method, *secret, options.requests);
  }
  return status;
}

}  // namespace

Command AddImport(CLI::App& root) {
  CLI::App* app = root.add_subcommand("import", "Open an interaction for each row of a CSV or NDJSON file");
  app->footer(kImportExamples);
  auto flags = std::make_shared<ImportFlags>();
  DeclareInput(*app, *flags);
  DeclareSending(*app, flags->options);
  const CLI::Option* request_id = root.get_option("--request-id");
  return {app,
          [flags, request_id](Session& session) {
            // One of the environment or of a profile is for the commands that open a single interaction.
            if (session.set_elsewhere.contains(request_id)) session.options.request_id.clear();
            const absl::Status complete = Complete(session, *flags);
            if (!complete.ok()) return FailUsage(session, complete.message());
            return import::Import(session, flags->options);
          },
          /*needs_input=*/true};
}

}  // namespace interaction::cli
