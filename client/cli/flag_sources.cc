#include "client/cli/flag_sources.h"

#include <unistd.h>

#include <yaml-cpp/yaml.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/command_line_errors.h"
#include "client/cli/completion.h"
#include "client/cli/suggest.h"
#include "client/read_file.h"

namespace interaction::cli {

const char kFlagSources[] =
    "A flag that is not given is taken from the environment, as INTERACTION_ and its name in upper case "
    "(INTERACTION_TOKEN_FILE for --token-file), then from the profile. Profiles are in a YAML file, "
    "~/.config/interactionctl/profiles.yaml or --profiles FILE: below 'profiles', a map of flags for each; 'default' "
    "names "
    "the one that is used without --profile.";

namespace {

std::string VariableOf(const std::string& flag) {
  return absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(absl::StrReplaceAll(flag, {{"-", "_"}})));
}

// The name of a flag in the environment and in profiles; empty for one that has no place there.
std::string SettableName(const CLI::Option& flag) {
  const std::string name = flag.get_lnames().empty() ? flag.get_snames().front() : flag.get_lnames().front();
  return name == "help" || name == "version" ? "" : name;
}

// Gives a flag its values, as the command line would. `source` begins the message of an error.
absl::Status Set(const CLI::App& root, CLI::Option* flag, const std::vector<std::string>& values,
                 const std::string& source) {
  try {
    for (const std::string& value : values) flag->add_result(value);
    flag->run_callback();
    return absl::OkStatus();
  } catch (const CLI::ParseError& error) {
    std::string message = DescribeError(root, error).value_or(error.what());
    const size_t colon = message.find(": ");  // "--timeout: must be ..."
    if (colon != std::string::npos) message = message.substr(colon + 2);
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", message));
  }
}

std::vector<CLI::Option*> SettableFlags(CLI::App& app) {
  return app.get_options([](CLI::Option* flag) { return !flag->get_positional() && flag->count() == 0; });
}

absl::Status SetFromEnvironment(CLI::App& root, CLI::App& app, Session& session) {
  for (CLI::Option* flag : SettableFlags(app)) {
    const std::string name = SettableName(*flag);
    if (name.empty()) continue;
    const std::string variable = VariableOf(name);
    const char* value = session.getenv(variable.c_str());
    if (value == nullptr) continue;
    session.set_elsewhere.insert(flag);
    if (absl::Status status = Set(root, flag, {value}, variable); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string DefaultPath(const GetEnv& getenv) {
  const char* config = getenv("XDG_CONFIG_HOME");
  const char* home = getenv("HOME");
  if (config != nullptr && *config != '\0') return absl::StrCat(config, "/interactionctl/profiles.yaml");
  return home == nullptr ? "" : absl::StrCat(home, "/.config/interactionctl/profiles.yaml");
}

absl::Status SetFromProfile(CLI::App& root, const Profile& profile, const std::string& path, Session& session) {
  std::vector<std::string> known;
  std::map<std::string, CLI::Option*> flags;
  for (CLI::Option* flag : root.get_options([](CLI::Option* option) { return !option->get_positional(); })) {
    const std::string name = SettableName(*flag);
    if (name.empty() || name == "profile" || name == "profiles") continue;
    flags[name] = flag;
    known.push_back(name);
  }
  for (const auto& [name, values] : profile) {
    const auto flag = flags.find(name);
    const std::string source = absl::StrCat(path, ": ", name);
    if (flag == flags.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, " is not a flag for every command", DidYouMean(name, known)));
    }
    if (flag->second->count() > 0) continue;
    session.set_elsewhere.insert(flag->second);
    if (absl::Status status = Set(root, flag->second, values, source); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Below, errors of yaml-cpp are exceptions; ReadProfile turns them into a status.
Profile ProfileOf(const YAML::Node& node) {
  Profile profile;
  for (const auto& entry : node) {
    std::vector<std::string>& values = profile[entry.first.as<std::string>()];
    if (entry.second.IsSequence()) {
      for (const YAML::Node& value : entry.second) values.push_back(value.as<std::string>());
    } else {
      values.push_back(entry.second.as<std::string>());
    }
  }
  return profile;
}

absl::StatusOr<Profile> FindProfile(const YAML::Node& file, const std::string& path, std::string name) {
  if (name.empty() && file["default"]) name = file["default"].as<std::string>();
  if (name.empty()) return Profile();
  const YAML::Node profiles = file["profiles"];
  if (profiles && profiles[name]) return ProfileOf(profiles[name]);
  std::vector<std::string> names;
  for (const auto& entry : profiles) names.push_back(entry.first.as<std::string>());
  return absl::InvalidArgumentError(absl::StrCat(path, " has no profile '", name, "'", DidYouMean(name, names)));
}

}  // namespace

absl::StatusOr<Profile> ReadProfile(const std::string& path, const std::string& name) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  try {
    return FindProfile(YAML::Load(*text), path, name);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", error.mark.line + 1, ": ", error.msg));
  }
}

absl::Status SetFlagsFromElsewhere(CLI::App& root, Session& session) {
  if (absl::Status status = SetFromEnvironment(root, root, session); !status.ok()) return status;
  for (CLI::App* command : root.get_subcommands()) {
    if (absl::Status status = SetFromEnvironment(root, *command, session); !status.ok()) return status;
  }
  const std::string& name = session.options.profile;
  const std::string& given = session.options.profiles;
  const std::string path = given.empty() ? DefaultPath(session.getenv) : given;
  // Without a profile that is asked for, a file that is not there is none.
  const bool is_wanted = !name.empty() || !given.empty();
  if (!is_wanted && (path.empty() || access(path.c_str(), F_OK) != 0)) return absl::OkStatus();
  const absl::StatusOr<Profile> profile = ReadProfile(path, name);
  if (!profile.ok()) return profile.status();
  return SetFromProfile(root, *profile, path, session);
}

}  // namespace interaction::cli
