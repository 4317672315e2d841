#include "server/config/callers.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/config/values.h"
#include "server/config/yaml_list.h"

namespace interaction::config {
namespace {

constexpr double kMaxCallsPerSecond = 1e6;
constexpr int kMaxBurst = 1'000'000;

bool IsName(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

bool IsIdentity(absl::string_view text) {
  const std::optional<auth::Caller> caller = auth::ParseCaller(text);
  if (caller && caller->proof == auth::Proof::kAdmin) return caller->identity == "try-it";
  return caller && IsName(caller->identity);
}

// Turns an entry into a rule; reports what is wrong with it.
class RuleReader {
 public:
  RuleReader(const YamlEntry& entry, Problems* problems) : entry_(entry), problems_(problems) {}

  auth::Rule Read() {
    auth::Rule rule = {.name = entry_.Text("name"),
                       .identities = entry_.List("identities"),
                       .rpcs = entry_.List("rpcs"),
                       .origin = entry_.origin};
    for (const std::string& identity : rule.identities) {
      if (!IsIdentity(identity)) {
        Complain("identities", Quote(identity),
                 " is not certificate:NAME, token:SUBJECT, api_key:NAME or admin:try-it");
      }
    }
    for (const std::string& rpc : rule.rpcs) {
      if (std::find(std::begin(kPolicyRpcs), std::end(kPolicyRpcs), rpc) != std::end(kPolicyRpcs)) continue;
      Complain("rpcs", Quote(rpc), absl::StrCat(" is not one of ", absl::StrJoin(kPolicyRpcs, ", ")));
    }
    for (const std::string& server : entry_.List("wolkvox_servers")) {
      std::optional<std::string> name = ParseServerName(server);
      if (!name) Complain("wolkvox_servers", Quote(server), " is not the name of a server");
      if (name) rule.servers.push_back(*std::move(name));
    }
    ReadRate(&rule);
    return rule;
  }

 private:
  void Complain(absl::string_view field, absl::string_view value, absl::string_view what) {
    problems_->Add(entry_.origin, absl::StrCat("callers.", field), absl::StrCat(value, what));
  }

  void ReadRate(auth::Rule* rule) {
    if (entry_.Has("calls_per_second")) {
      const std::string text = entry_.Text("calls_per_second");
      const bool is_number = absl::SimpleAtod(text, &rule->calls_per_second);
      if (!is_number || !(rule->calls_per_second > 0 && rule->calls_per_second <= kMaxCallsPerSecond)) {
        Complain("calls_per_second", Quote(text), " is not a number above 0 and up to 1000000");
        rule->calls_per_second = 0;
      }
      rule->burst = std::max(1, static_cast<int>(rule->calls_per_second));
    }
    if (!entry_.Has("burst")) return;
    const std::optional<int> burst = ParseInteger(entry_.Text("burst"), 1, kMaxBurst);
    if (!entry_.Has("calls_per_second")) Complain("burst", "", "needs calls_per_second");
    if (!burst) Complain("burst", Quote(entry_.Text("burst")), " is not a whole number from 1 to 1000000");
    rule->burst = burst.value_or(1);
  }

  const YamlEntry& entry_;
  Problems* const problems_;
};

}  // namespace

std::vector<auth::Rule> ReadPolicy(const std::string& file, Problems* problems) {
  const YamlList form = {.name = "callers",
                         .text_fields = {"name", "calls_per_second", "burst"},
                         .list_fields = {"identities", "rpcs", "wolkvox_servers"},
                         .needed_fields = {"name", "identities", "rpcs"}};
  std::vector<auth::Rule> rules;
  std::map<std::string, std::string> names, identities;  // to where they were first
  for (const YamlEntry& entry : ReadYamlList(file, form, problems)) {
    auth::Rule rule = RuleReader(entry, problems).Read();
    const auto [first, is_new] = names.emplace(rule.name, rule.origin);
    if (!is_new) {
      problems->Add(rule.origin, "callers.name",
                    absl::StrCat(Quote(rule.name), " is the name of ", first->second, ", too"));
    }
    for (const std::string& identity : rule.identities) {
      const auto [owner, is_free] = identities.emplace(identity, rule.origin);
      if (is_free) continue;
      problems->Add(rule.origin, "callers.identities",
                    absl::StrCat(Quote(identity), " is in ", owner->second, ", too"));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<auth::ApiKey> ReadApiKeys(const std::string& file, Problems* problems) {
  const YamlList form = {
      .name = "api_keys", .text_fields = {"name", "sha256"}, .list_fields = {}, .needed_fields = {"name", "sha256"}};
  std::vector<auth::ApiKey> keys;
  std::map<std::string, std::string> digests;  // to where they were first
  for (const YamlEntry& entry : ReadYamlList(file, form, problems)) {
    auth::ApiKey key = {.name = entry.Text("name"), .sha256 = ""};
    const std::string digest = absl::AsciiStrToLower(entry.Text("sha256"));
    const bool is_digest = digest.size() == 64 && std::all_of(digest.begin(), digest.end(), absl::ascii_isxdigit);
    if (!IsName(key.name)) problems->Add(entry.origin, "api_keys.name", "is not printable ASCII without blanks");
    // Not repeated: it may be a key in the wrong place.
    if (!is_digest) {
      problems->Add(entry.origin, "api_keys.sha256",
                    "is not 64 hexadecimal digits; they are what printf %s KEY | sha256sum prints");
      continue;
    }
    const auto [first, is_new] = digests.emplace(digest, entry.origin);
    if (!is_new) problems->Add(entry.origin, "api_keys.sha256", absl::StrCat("is that of ", first->second, ", too"));
    key.sha256 = absl::HexStringToBytes(digest);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace interaction::config
