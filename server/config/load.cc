#include "server/config/load.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/config/check.h"
#include "server/config/keys.h"
#include "server/config/setting.h"
#include "server/config/yaml_file.h"

namespace interaction::config {
namespace {

constexpr absl::string_view kPrefix = "INTERACTION_";

// The values of a text that is not YAML: for a list, the items between commas.
std::vector<std::string> Values(const Key* key, absl::string_view text) {
  if (key == nullptr || key->shape != Key::Shape::kList) return {std::string(text)};
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (absl::string_view item : absl::StrSplit(text, ',')) items.emplace_back(absl::StripAsciiWhitespace(item));
  return items;
}

using Variables = std::map<std::string, std::string>;

// Whether Kubernetes made the variable for a Service whose name starts with "interaction". For a Service with a port
// 50051 named "grpc", it sets in every container of the namespace:
//
//   NAME_SERVICE_HOST=10.0.0.1   NAME_PORT=tcp://10.0.0.1:50051            NAME_PORT_50051_TCP_PROTO=tcp
//   NAME_SERVICE_PORT=50051      NAME_PORT_50051_TCP=tcp://10.0.0.1:50051  NAME_PORT_50051_TCP_PORT=50051
//   NAME_SERVICE_PORT_GRPC=50051                                           NAME_PORT_50051_TCP_ADDR=10.0.0.1
//
// Only keys contain two underscores.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
bool IsServiceLink(absl::string_view name, absl::string_view value, const Variables& all) {
  if (absl::StrContains(name, "__")) return false;
  for (absl::string_view protocol : {"tcp://", "udp://", "sctp://"}) {
    if (absl::StartsWith(value, protocol)) return true;
  }
  if (absl::EndsWith(name, "_SERVICE_HOST")) return true;
  const size_t service = name.rfind("_SERVICE_PORT");
  if (service != absl::string_view::npos) return all.count(absl::StrCat(name.substr(0, service), "_SERVICE_HOST")) != 0;
  const size_t port = name.rfind("_PORT_");
  return port != absl::string_view::npos && port + 6 < name.size() && absl::ascii_isdigit(name[port + 6]);
}

// Whether the variable is one of interactionctl's (client/README.md): a server may be started from a shell that has it
// set.
bool IsOfTheClient(absl::string_view name) {
  return name == "ADDRESS" || name == "APP_ACCESS_KEY" || name == "WOLKVOX_TOKEN";
}

void ReadEnvironment(const std::vector<std::pair<std::string, std::string>>& environment, const KeyIndex& keys,
                     std::vector<Setting>* settings, Problems* problems) {
  // Sorted, so that the same environment gives the same message.
  const Variables variables(environment.begin(), environment.end());
  for (const auto& [variable, value] : variables) {
    absl::string_view name = variable;
    if (!absl::ConsumePrefix(&name, kPrefix) || name == "CONFIG" || IsOfTheClient(name)) continue;
    const std::string path = absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"__", "."}}));
    const Key* key = keys.Find(path, nullptr);
    if (key == nullptr && IsServiceLink(variable, value, variables)) continue;
    if (key == nullptr) {
      problems->Add(variable, "", keys.UnknownVariable(variable));
      continue;
    }
    if (EnvironmentName(path) != variable) {
      problems->Add(variable, path, absl::StrCat("must be written ", EnvironmentName(path)));
      continue;
    }
    settings->push_back({path, variable, Values(key, value)});
  }
}

void ReadSets(const std::vector<std::string>& sets, const KeyIndex& keys, std::vector<Setting>* settings,
              Problems* problems) {
  for (size_t i = 0; i < sets.size(); ++i) {
    const size_t equals = sets[i].find('=');
    if (equals == std::string::npos) {
      // Named by its number, because the text may be a secret in the wrong place.
      problems->Add("--set", "", absl::StrCat("number ", i + 1, " is not of the form path=value"));
      continue;
    }
    const std::string path = sets[i].substr(0, equals);
    settings->push_back({path, "--set", Values(keys.Find(path, nullptr), sets[i].substr(equals + 1))});
  }
}

// Sets the member of one key.
void Apply(const Setting& setting, const KeyIndex& keys, Config* config, Origins* origins, Problems* problems) {
  std::string name;
  const Key* key = keys.Find(setting.path, &name);
  if (key == nullptr) return problems->Add(setting.origin, setting.path, keys.Unknown(setting.path));
  if (key->shape == Key::Shape::kMap && key->path == setting.path) {
    return problems->Add(setting.origin, setting.path, "is a map; set one of its entries: " + setting.path + ".name");
  }
  const absl::Status status = key->set(name, setting.values, *config);
  if (!status.ok()) return problems->Add(setting.origin, setting.path, status.message());
  (*origins)[setting.path] = setting.origin;
}

}  // namespace

absl::StatusOr<Config> Load(const Sources& sources, const MoreChecks& check) {
  const std::vector<Section> sections = Sections();
  const KeyIndex keys(sections);
  Problems problems;
  std::vector<Setting> settings;
  if (!sources.file.empty()) ReadYamlFile(sources.file, keys, &settings, &problems);
  ReadEnvironment(sources.environment, keys, &settings, &problems);
  ReadSets(sources.sets, keys, &settings, &problems);

  Config config;
  Origins origins;
  for (const Setting& setting : settings) Apply(setting, keys, &config, &origins, &problems);
  Check(config, origins, &problems);
  ReadSecrets(origins, &config, &problems);
  ReadCallers(origins, &config, &problems);
  if (check) {
    check(config, [&](const std::string& path, absl::string_view what) {
      if (!problems.Has(path)) problems.Add(OriginOf(path, origins), path, what);
    });
  }
  RETURN_IF_ERROR(problems.ToStatus());
  config.warnings = problems.warnings();
  return config;
}

}  // namespace interaction::config
