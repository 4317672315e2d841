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
is not sent again. A file under another name is another import, unless --name says which one it is.)";

constexpr char kDurations[] = "90s or 24h";

struct ImportFlags {
  ImportOptions options;
  std::vector<std::string> map;
  std::vector<std::string> set;
  std::string key_file;
  std::string token_file;
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
  app.add_option("--set", flags.set, "the same value for all rows; may be repeated")
      ->type_name("FIELD=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--ignore-unknown-columns", options.requests.columns.ignore_unknown_columns,
               "leave out columns that are no fields");
  app.add_flag("--keep-rounded-numbers", options.requests.keep_rounded_numbers,
               "take cells such as 5.73E+11 as they are");
  app.add_option("--app-access-key-file", flags.key_file,
                 "file that holds the access key for all rows (or INTERACTION_APP_ACCESS_KEY)")
      ->type_name("FILE")
      ->check(NotEmpty());
  app.add_option("--wolkvox-token-file", flags.token_file,
                 "file that holds the wolkvox token for all rows (or INTERACTION_WOLKVOX_TOKEN)")
      ->type_name("FILE")
      ->check(NotEmpty());
}

void DeclareSending(CLI::App& app, ImportOptions& options) {
  app.add_flag("--check", options.check, "check every row, send nothing");
  app.add_flag("--resume", options.resume, "go on with an import: fail if there is no journal of it");
  app.add_flag("--send-valid", options.send_valid, "send the rows without problems although others have some");
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
  app.add_option("--results", options.results, "every row and what became of it [NAME.results.csv]")
      ->type_name("FILE")
      ->check(NotEmpty());
  app.add_option("--to-correct", options.to_correct, "the rows that were refused [NAME.to-correct.csv]")
      ->type_name("FILE")
      ->check(NotEmpty());
}

// The credential for all rows: from a file, or from the environment, where the method has such a field.
absl::Status AddSecret(const Session& session, const std::string& file, const std::string& field, ImportFlags& flags) {
  const absl::StatusOr<const import::Method*> method = import::FindMethod(flags.options.method);
  if (!method.ok()) return method.status();
  const bool belongs = field == (*method)->secret_field;
  if (!file.empty() && !belongs) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is no field of ", (*method)->name));
  }
  std::string secret;
  if (!file.empty()) {
    if (file == "-") return absl::InvalidArgumentError("a credential cannot come from standard input here");
    const absl::StatusOr<std::string> text = ReadInput(session, file);
    if (!text.ok()) return text.status();
    secret = std::string(absl::StripTrailingAsciiWhitespace(*text));
    if (secret.empty()) return absl::InvalidArgumentError(absl::StrCat(file, " is empty"));
  } else if (belongs) {
    const std::string variable = absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(field));
    if (const char* value = session.getenv(variable.c_str()); value != nullptr) secret = value;
  }
  if (!secret.empty()) flags.options.requests.constants.emplace_back(field, secret);
  return absl::OkStatus();
}

absl::Status Complete(const Session& session, ImportFlags& flags) {
  ImportOptions& options = flags.options;
  if (options.method.empty()) return absl::InvalidArgumentError("--method is required: create-vsp or add-wolkvox");
  if (options.file.empty()) return absl::InvalidArgumentError("which file is to be imported? '-' is standard input");
  for (const std::string& text : flags.map) {
    auto pair = Split(text, text.rfind('='), "--map: must be TITLE=FIELD");
    if (!pair.ok()) return pair.status();
    options.requests.columns.map.push_back(*std::move(pair));
  }
  for (const std::string& text : flags.set) {
    auto pair = Split(text, text.find('='), "--set: must be FIELD=VALUE");
    if (!pair.ok()) return pair.status();
    if (pair->first == "app_access_key" || pair->first == "wolkvox_token") {
      return absl::InvalidArgumentError(
          absl::StrCat("--set: ", pair->first,
                       " is a secret, and a command line can be read by others: use the flag with "
                       "-file, or the environment"));
    }
    options.requests.constants.push_back(*std::move(pair));
  }
  const absl::Status key = AddSecret(session, flags.key_file, "app_access_key", flags);
  return key.ok() ? AddSecret(session, flags.token_file, "wolkvox_token", flags) : key;
}

}  // namespace

Command AddImport(CLI::App& root) {
  CLI::App* app = root.add_subcommand("import", "Open an interaction for each row of a CSV or NDJSON file");
  app->footer(kImportExamples);
  auto flags = std::make_shared<ImportFlags>();
  DeclareInput(*app, *flags);
  DeclareSending(*app, flags->options);
  return {app, [flags](Session& session) {
            const absl::Status complete = Complete(session, *flags);
            if (!complete.ok()) return FailUsage(session, complete.message());
            return import::Import(session, flags->options);
          }};
}

}  // namespace interaction::cli
