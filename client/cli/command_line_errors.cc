#include "client/cli/command_line_errors.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/suggest.h"

namespace interaction::cli {
namespace {

// The root's options and those of the command that was given.
std::vector<const CLI::Option*> Options(const CLI::App& root) {
  std::vector<const CLI::Option*> options = root.get_options();
  for (const CLI::App* command : root.get_subcommands()) {
    const std::vector<const CLI::Option*> more = command->get_options();
    options.insert(options.end(), more.begin(), more.end());
  }
  return options;
}

std::vector<std::string> FlagNames(const CLI::App& root) {
  std::vector<std::string> names;
  for (const CLI::Option* option : Options(root)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& root) {
  std::vector<std::string> names;
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string DescribeUnknownCommand(const CLI::App& root, const std::string& word) {
  const std::string guess = DidYouMean(word, CommandNames(root));
  return absl::StrCat("unknown command '", word, "'", guess.empty() ? "; see interactionctl --help" : guess);
}

std::string DescribeUnknownFlag(const CLI::App& root, const std::string& word) {
  const std::string flag = word.substr(0, word.find('='));
  const std::vector<std::string> known = FlagNames(root);
  if (std::find(known.begin(), known.end(), flag) != known.end()) {
    return absl::StrCat("'", flag, "' is not read as a flag here; leave out the '--' before it");
  }
  return absl::StrCat("unknown flag '", flag, "'", DidYouMean(flag, known));
}

// The words that the parser had no place for, without the '--' that ends the flags.
std::vector<std::string> UnknownWords(const CLI::App& root) {
  std::vector<std::string> words = root.remaining(/*recurse=*/true);
  words.erase(std::remove(words.begin(), words.end(), "--"), words.end());
  return words;
}

std::string DescribeUnknownWord(const CLI::App& root) {
  const std::vector<std::string> words = UnknownWords(root);
  if (words.empty()) return "nothing follows '--'";
  const std::string& word = words.front();
  if (absl::StartsWith(word, "-")) return DescribeUnknownFlag(root, word);
  if (root.get_subcommands().empty()) return DescribeUnknownCommand(root, word);
  return absl::StrCat("unexpected argument '", word, "'");
}

// "--ca needs a value: --ca=FILE". In this form the value may begin with a dash.
std::string DescribeMissingValue(const CLI::App& root, const std::string& name) {
  for (const CLI::Option* option : Options(root)) {
    if (!option->check_name(name)) continue;
    const absl::string_view between = absl::StartsWith(name, "--") ? "=" : " ";
    return absl::StrCat(name, " needs a value: ", name, between, option->get_type_name());
  }
  return absl::StrCat(name, " needs a value");
}

// CLI11's errors about one flag tell by their wording alone what they are about.
std::string DescribeWrongValue(const CLI::App& root, absl::string_view message) {
  const std::string name(message.substr(0, message.find(':')));
  if (absl::EndsWith(message, " missing")) return DescribeMissingValue(root, name);  // "--ca: 1 required FILE missing"
  if (absl::StrContains(message, ": At Most 1 ")) return name + " may be given once";  // "--ca: At Most 1 required ..."
  if (absl::ConsumePrefix(&message, "Could not convert: ")) {                          // "... --tls = foo"
    return absl::StrCat(message.substr(0, message.find(' ')), " takes no value");
  }
  return std::string(message);
}

}  // namespace

std::optional<std::string> DescribeError(const CLI::App& root, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return DescribeUnknownWord(root);
  if (error.get_exit_code() == 0) {
    // The help for a command that does not exist is no help.
    const std::vector<std::string> words = UnknownWords(root);
    const bool command_wanted =
        root.get_subcommands().empty() && !words.empty() && !absl::StartsWith(words.front(), "-");
    if (command_wanted) return DescribeUnknownCommand(root, words.front());
    return std::nullopt;
  }
  return DescribeWrongValue(root, error.what());
}

}  // namespace interaction::cli
