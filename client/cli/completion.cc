#include "client/cli/completion.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/output.h"

namespace interaction::cli {
namespace {

// "--output", or "-H" where there is no long name.
std::string ShownName(const CLI::Option& flag) {
  return flag.get_lnames().empty() ? "-" + flag.get_snames().front() : "--" + flag.get_lnames().front();
}

std::string AllNamesOf(const CLI::Option& flag) {
  std::vector<std::string> names;
  for (const std::string& name : flag.get_snames()) names.push_back("-" + name);
  for (const std::string& name : flag.get_lnames()) names.push_back("--" + name);
  return absl::StrJoin(names, "|");
}

bool TakesValue(const CLI::Option& flag) { return flag.get_items_expected_max() > 0; }
bool TakesFile(const CLI::Option& flag) { return flag.get_type_name() == "FILE"; }

std::string FlagWords(const CLI::App& app) {
  return absl::StrJoin(FlagsOf(app), " ",
                       [](std::string* out, const CLI::Option* flag) { absl::StrAppend(out, ShownName(*flag)); });
}

std::string CommandWords(const CLI::App& root, const char* separator) {
  return absl::StrJoin(CommandsOf(root), separator,
                       [](std::string* out, const CLI::App* command) { absl::StrAppend(out, command->get_name()); });
}

// The flags of all commands for which `is_wanted` holds, as a pattern of the shell.
template <typename Predicate>
std::string Pattern(const CLI::App& root, Predicate is_wanted) {
  std::vector<std::string> names;
  const auto add = [&](const CLI::App& app) {
    for (const CLI::Option* flag : FlagsOf(app)) {
      if (is_wanted(*flag)) names.push_back(AllNamesOf(*flag));
    }
  };
  add(root);
  for (const CLI::App* command : CommandsOf(root)) add(*command);
  return absl::StrJoin(names, "|");
}

// What bash and zsh have in common: $command, $previous -> the words that fit in.
std::string Cases(const CLI::App& root) {
  std::string text = "  case $command in\n";
  absl::StrAppend(&text, "    '') words='", CommandWords(root, " "), " ", FlagWords(root), "' ;;\n");
  for (const CLI::App* command : CommandsOf(root)) {
    std::string words = absl::StrCat(FlagWords(*command), " ", FlagWords(root));
    if (command->get_name() == "help") absl::StrAppend(&words, " ", CommandWords(root, " "));
    if (command->get_name() == "completion") words += " bash zsh fish";
    absl::StrAppend(&text, "    ", command->get_name(), ") words='", words, "' ;;\n");
  }
  return text + "  esac\n";
}

std::string Bash(const CLI::App& root) {
  return absl::StrCat(
      "_interactionctl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= words= word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in ",
      CommandWords(root, "|"),
      ") command=$word; break ;; esac\n"
      "  done\n"
      "  case $previous in\n"
      "    -o|--output) COMPREPLY=($(compgen -W '",
      absl::StrJoin(kFormatNames, " "), "' -- \"$current\")); return ;;\n    ", Pattern(root, TakesFile),
      ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n    ",
      Pattern(root, [](const CLI::Option& flag) { return TakesValue(flag) && !TakesFile(flag); }),
      ") return ;;\n"
      "  esac\n",
      Cases(root),
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -F _interactionctl interactionctl\n");
}

std::string Zsh(const CLI::App& root) {
  return absl::StrCat(
      "#compdef interactionctl\n"
      "_interactionctl() {\n"
      "  local previous=${words[CURRENT-1]} command= word\n"
      "  for word in ${words[2,CURRENT-1]}; do\n"
      "    case $word in ",
      CommandWords(root, "|"),
      ") command=$word; break ;; esac\n"
      "  done\n"
      "  case $previous in\n"
      "    -o|--output) compadd ",
      absl::StrJoin(kFormatNames, " "), "; return ;;\n    ", Pattern(root, TakesFile), ") _files; return ;;\n    ",
      Pattern(root, [](const CLI::Option& flag) { return TakesValue(flag) && !TakesFile(flag); }),
      ") return ;;\n"
      "  esac\n"
      "  local words=\n",
      Cases(root),
      "  compadd -- ${=words}\n"
      "}\n"
      "compdef _interactionctl interactionctl\n");
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishFlags(const CLI::App& app, const std::string& condition) {
  std::string text;
  for (const CLI::Option* flag : FlagsOf(app)) {
    absl::StrAppend(&text, "complete -c interactionctl", condition);
    for (const std::string& name : flag->get_snames()) absl::StrAppend(&text, " -s ", name);
    for (const std::string& name : flag->get_lnames()) absl::StrAppend(&text, " -l ", name);
    if (TakesFile(*flag)) {
      absl::StrAppend(&text, " -r -F");
    } else if (flag->check_lname("output")) {
      absl::StrAppend(&text, " -x -a '", absl::StrJoin(kFormatNames, " "), "'");
    } else if (TakesValue(*flag)) {
      absl::StrAppend(&text, " -x");
    }
    absl::StrAppend(&text, " -d ", Quoted(flag->get_description()), "\n");
  }
  return text;
}

std::string Fish(const CLI::App& root) {
  std::string text = "complete -c interactionctl -f\n";
  for (const CLI::App* command : CommandsOf(root)) {
    absl::StrAppend(&text, "complete -c interactionctl -n __fish_use_subcommand -a ", command->get_name(), " -d ",
                    Quoted(command->get_description()), "\n",
                    FishFlags(*command, absl::StrCat(" -n '__fish_seen_subcommand_from ", command->get_name(), "'")));
  }
  absl::StrAppend(&text, "complete -c interactionctl -n '__fish_seen_subcommand_from help' -a '",
                  CommandWords(root, " "), "'\n",
                  "complete -c interactionctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n");
  return text + FishFlags(root, "");
}

}  // namespace

std::vector<const CLI::App*> CommandsOf(const CLI::App& root) {
  return root.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> FlagsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_positional(); });
}

std::string CompletionScript(const CLI::App& root, const std::string& shell) {
  if (shell == "bash") return Bash(root);
  if (shell == "zsh") return Zsh(root);
  if (shell == "fish") return Fish(root);
  return "";
}

}  // namespace interaction::cli
