#include "client/cli/manual.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/completion.h"
#include "client/cli/flag_sources.h"
#include "version/version.h"

namespace interaction::cli {

const char kExitCodes[] = R"(Exit codes:
  0   done
  1   health: the answer is not SERVING
  2   wrong flags or input; nothing was sent
  3   done, but not written to standard output; standard error has it
  4   import: some rows were not opened, or it is not known; the results say which
  64+ the call failed: 64 + its gRPC code, for example 67 INVALID_ARGUMENT, 78 UNAVAILABLE
  128+ ended by a signal: 128 + its number, which is how a shell puts it

Data goes to standard output, everything else to standard error. With -o json, yaml
or ndjson an error is data too: a google.rpc.Status.
)";

namespace {

// Text in which nothing is an instruction.
std::string Plain(absl::string_view text) {
  std::string plain = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}, {"\n.", "\n\\&."}, {"\n'", "\n\\&'"}});
  return absl::StartsWith(plain, ".") || absl::StartsWith(plain, "'") ? "\\&" + plain : plain;
}

// Kept as it is, line by line.
std::string Literal(absl::string_view text) { return absl::StrCat(".nf\n", Plain(text), "\n.fi\n"); }

std::string Flags(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* flag : FlagsOf(app)) {
    std::vector<std::string> names;
    for (const std::string& name : flag->get_snames()) names.push_back("\\fB" + Plain("-" + name) + "\\fR");
    for (const std::string& name : flag->get_lnames()) names.push_back("\\fB" + Plain("--" + name) + "\\fR");
    absl::StrAppend(&text, ".TP\n", absl::StrJoin(names, ", "));
    if (flag->get_items_expected_max() > 0) absl::StrAppend(&text, " \\fI", Plain(flag->get_type_name()), "\\fR");
    absl::StrAppend(&text, "\n", Plain(flag->get_description()), "\n");
  }
  return text;
}

std::string CommandSection(const CLI::App& command) {
  std::string usage = absl::StrCat("interactionctl ", command.get_name());
  for (const CLI::Option* argument : command.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    absl::StrAppend(&usage, argument->get_required() ? " " : " [", argument->get_type_name(),
                    argument->get_required() ? "" : "]");
  }
  return absl::StrCat(".SS ", Plain(usage), "\n", Plain(command.get_description()), ".\n", Flags(command), ".PP\n",
                      Literal(command.get_footer()));
}

}  // namespace

std::string ManualPage(const CLI::App& root) {
  std::string text = absl::StrCat(".TH INTERACTIONCTL 1 \"\" \"interactionctl ", Plain(GetBuildInfo().version),
                                  "\" \"Interaction Gateway\"\n",
                                  ".SH NAME\ninteractionctl \\- open interactions through an Interaction Gateway\n",
                                  ".SH SYNOPSIS\n\\fBinteractionctl\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR\n",
                                  ".SH DESCRIPTION\n", Plain(root.get_description()), ".\n", ".SH COMMANDS\n");
  for (const CLI::App* command : CommandsOf(root)) text += CommandSection(*command);
  absl::StrAppend(&text, ".SH OPTIONS\nFor every command.\n", Flags(root), ".SH ENVIRONMENT AND PROFILES\n",
                  Plain(kFlagSources), "\n.SH EXIT STATUS\n", Literal(kExitCodes), ".SH EXAMPLES\n",
                  Literal(root.get_footer()));
  return text;
}

}  // namespace interaction::cli
