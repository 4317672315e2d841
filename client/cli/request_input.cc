#include "client/cli/request_input.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/not_empty.h"
#include "client/cli/request_json.h"

namespace interaction::cli {
namespace {

std::string FlagName(const FieldFlag& flag) {
  return absl::StrCat("--", absl::StrReplaceAll(flag.field, {{"_", "-"}}), flag.secret ? "-file" : "");
}

std::string VariableName(const FieldFlag& flag) {
  return absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(flag.field));
}

std::string HelpText(const FieldFlag& flag) {
  return flag.secret ? absl::StrCat("file that holds ", flag.help, " (or ", VariableName(flag), ")") : flag.help;
}

// A file's last line end belongs to the file, not to the secret.
std::string StripLineEnd(absl::string_view text) {
  absl::ConsumeSuffix(&text, "\n");
  absl::ConsumeSuffix(&text, "\r");
  return std::string(text);
}

}  // namespace

RequestInput::RequestInput(CLI::App& command, absl::Span<const FieldFlag> fields) {
  command.add_option("--json", json_file_, "whole request as JSON, '-' for standard input; flags override it")
      ->type_name("FILE")
      ->check(NotEmpty());
  for (const FieldFlag& flag : fields) {
    Source& source = sources_.emplace_back(Source{flag});
    CLI::Option* option =
        command.add_option(FlagName(flag), source.text, HelpText(flag))->type_name(flag.secret ? "FILE" : "TEXT");
    if (flag.secret) option->check(NotEmpty());
    source.option = option;
  }
}

absl::StatusOr<nlohmann::json> RequestInput::ReadJson(const Session& session,
                                                      const google::protobuf::Descriptor& type) const {
  if (json_file_.empty()) return nlohmann::json::object();
  const absl::StatusOr<std::string> text = ReadInput(session, json_file_);
  if (!text.ok()) return text.status();
  absl::StatusOr<nlohmann::json> parsed = ParseRequestJson(*text, type);
  if (parsed.ok()) return parsed;
  return absl::Status(parsed.status().code(),
                      absl::StrCat(json_file_ == "-" ? "standard input" : json_file_, ": ", parsed.status().message()));
}

absl::StatusOr<std::string> RequestInput::ReadSecret(const Session& session, const Source& source) const {
  absl::StatusOr<std::string> text = ReadInput(session, source.text);
  if (!text.ok()) return text;
  std::string secret = StripLineEnd(*text);
  if (!secret.empty()) return secret;
  return absl::InvalidArgumentError(
      absl::StrCat(FlagName(source.flag), ": ", source.text == "-" ? "standard input" : source.text, " is empty"));
}

void RequestInput::MaskSecrets(google::protobuf::Message& request) const {
  for (const Source& source : sources_) {
    if (source.flag.secret) MaskSecret(*request.GetDescriptor()->FindFieldByName(source.flag.field), &request);
  }
}

absl::Status RequestInput::Fill(const Session& session, google::protobuf::Message& request) const {
  for (const Source& source : sources_) {
    if (!source.flag.secret || source.text != "-" || json_file_ != "-") continue;
    return absl::InvalidArgumentError(absl::StrCat("standard input cannot be both --json and ", FlagName(source.flag)));
  }
  absl::StatusOr<nlohmann::json> json = ReadJson(session, *request.GetDescriptor());
  if (!json.ok()) return json.status();
  nlohmann::json& object = *json;
  for (const Source& source : sources_) {
    const char* field = source.flag.field;
    // JSON is stronger than the environment.
    const bool is_elsewhere = session.set_elsewhere.contains(source.option);
    const bool given = source.option->count() > 0 && !(is_elsewhere && object.contains(field));
    if (given && source.flag.secret) {
      const absl::StatusOr<std::string> secret = ReadSecret(session, source);
      if (!secret.ok()) return secret.status();
      object[field] = *secret;
    } else if (given) {
      object[field] = source.text;
    } else if (source.flag.secret && !object.contains(field)) {
      const char* variable = session.getenv(VariableName(source.flag).c_str());
      if (variable != nullptr) object[field] = variable;
    }
  }
  if (!session.options.request_id.empty()) object["request_id"] = session.options.request_id;
  return FillFromJson(object, request);
}

}  // namespace interaction::cli
