#include "client/cli/output.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/emitter.h>
#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/advice.h"
#include "google/rpc/status.pb.h"

namespace interaction::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kJsonIndent = 2;

constexpr size_t kErrorNameWidth = 8;  // "metadata"

bool IsAbsent(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field) {
  return field.has_presence() && !message.GetReflection()->HasField(message, &field);
}

// What YAML does not write as a plain word is quoted, so that "true" and "0042" stay text.
void Emit(const Json& json, YAML::Emitter& yaml) {
  if (json.is_object()) {
    yaml << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      yaml << YAML::Key << key << YAML::Value;
      Emit(value, yaml);
    }
    yaml << YAML::EndMap;
  } else if (json.is_array()) {
    yaml << YAML::BeginSeq;
    for (const Json& value : json) Emit(value, yaml);
    yaml << YAML::EndSeq;
  } else if (json.is_string()) {
    yaml << YAML::DoubleQuoted << json.get<std::string>();
  } else {
    yaml << json.dump();
  }
}

Json DetailToJson(const google::protobuf::Any& detail) {
  Json json = ToJson(detail);
  if (!json.is_null()) return json;
  return {{"@type", detail.type_url()}, {"value", absl::Base64Escape(detail.value())}};
}

absl::string_view OutcomeText(CallError::Outcome outcome) {
  switch (outcome) {
    case CallError::Outcome::kNotApplied:
      return "nothing was opened";
    case CallError::Outcome::kUnknown:
      break;
  }
  return "may have been opened; it is not known";
}

absl::string_view NextStepOfHealth(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return "leave out the name to ask about the gateway as a whole";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
      return "check that a gateway runs at this address";
    default:
      return "";
  }
}

absl::string_view ServingStatusName(ServingStatus status) {
  switch (status) {
    case ServingStatus::kServing:
      return "SERVING";
    case ServingStatus::kNotServing:
      return "NOT_SERVING";
    case ServingStatus::kUnknown:
      break;
  }
  return "UNKNOWN";
}

}  // namespace

std::optional<Format> FormatNamed(absl::string_view name) {
  const auto* const found = std::find(std::begin(kFormatNames), std::end(kFormatNames), name);
  if (found == std::end(kFormatNames)) return std::nullopt;
  return static_cast<Format>(found - std::begin(kFormatNames));
}

std::string Dump(const Json& json, Format format) {
  const int indent = format == Format::kNdjson ? -1 : kJsonIndent;
  std::string text = json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
  if (format != Format::kYaml) return text;
  YAML::Emitter yaml;
  Emit(Json::parse(text, nullptr, /*allow_exceptions=*/false), yaml);
  return absl::StrCat(yaml.c_str(), "\n");
}

Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return Json();
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string RenderRows(const Rows& rows, absl::string_view indent, size_t width) {
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : rows) {
    absl::StrAppend(&text, indent, name, std::string(width - name.size() + 2, ' '), Printable(value), "\n");
  }
  return text;
}

std::string Printable(absl::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = text[i];
    // U+0080 to U+009F are control characters too: 0xc2 and a byte below 0xa0.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      absl::StrAppendFormat(&result, "\\u%04x", static_cast<unsigned char>(text[++i]));
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&result, "\\x%02x", byte);
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

std::string TextOf(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field) {
  if (IsAbsent(message, field)) return "";
  if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return message.GetReflection()->GetString(message, &field);
  }
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, -1, &text);
  return text;
}

void MaskSecret(const google::protobuf::FieldDescriptor& field, google::protobuf::Message* request) {
  if (!TextOf(*request, field).empty()) request->GetReflection()->SetString(request, &field, kMask);
}

std::string RenderReply(const google::protobuf::Message& reply, Format format) {
  if (format != Format::kTable) return Dump(ToJson(reply), format);
  const google::protobuf::Descriptor& type = *reply.GetDescriptor();
  Rows rows;
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    rows.emplace_back(field.name(), IsAbsent(reply, field) ? "-" : TextOf(reply, field));
  }
  return RenderRows(rows, "");
}

std::string RenderError(const absl::Status& status, Effect effect, absl::string_view request_id,
                        absl::string_view again) {
  const CallError error = GetCallError(status);
  Rows rows;
  if (!error.reason.empty()) rows.emplace_back("reason", absl::StrCat(error.reason, " (", error.domain, ")"));
  if (effect == Effect::kOpens) rows.emplace_back("outcome", OutcomeText(error.outcome));
  for (const CallError::FieldViolation& violation : error.field_violations) {
    rows.emplace_back("field", absl::StrCat(violation.field, ": ", violation.description));
  }
  for (const CallError::QuotaViolation& violation : error.quota_violations) {
    rows.emplace_back("quota", absl::StrCat(violation.subject, ": ", violation.description));
  }
  for (const CallError::PreconditionViolation& violation : error.precondition_violations) {
    rows.emplace_back("operator", absl::StrCat(violation.subject, ": ", violation.description));
  }
  if (error.retry_delay.has_value()) {
    rows.emplace_back("retry", absl::StrCat("not before ", absl::FormatDuration(*error.retry_delay)));
  }
  std::string text = absl::StrCat("error: ", absl::StatusCodeToString(status.code()), ": ", Printable(status.message()),
                                  "\n", RenderRows(rows, "  ", kErrorNameWidth));
  if (!error.metadata.empty()) {
    absl::StrAppend(&text, "  metadata\n", RenderRows({error.metadata.begin(), error.metadata.end()}, "    "));
  }
  const std::string next =
      effect == Effect::kOpens ? NextStep(status, error, request_id) : std::string(NextStepOfHealth(status));
  Rows last;
  if (!next.empty()) last.emplace_back("next", next);
  if (const std::string command = NextCommand(status, error, request_id, again); !command.empty()) {
    last.emplace_back("run", command);
  }
  return text + RenderRows(last, "  ", kErrorNameWidth);
}

std::string RenderErrorData(const absl::Status& status, Format format) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kStatusPayload);
  if (payload.has_value() && !details.ParseFromString(std::string(*payload))) details.Clear();
  // The status of the call counts; the copy in the details may be missing.
  Json json = {{"code", static_cast<int>(status.code())}, {"message", status.message()}, {"details", Json::array()}};
  for (const google::protobuf::Any& detail : details.details()) json["details"].push_back(DetailToJson(detail));
  return Dump(json, format);
}

std::string RenderHealth(const Health& health, Format format) {
  const std::string name(ServingStatusName(health.status));
  if (format != Format::kTable) {
    Json json = {{"service", health.service}, {"status", name}};
    for (const auto& [part, status] : health.parts) json["parts"][part] = ServingStatusName(status);
    return Dump(json, format);
  }
  if (health.service.empty() && health.parts.empty()) return name + "\n";
  Rows rows = {{health.service.empty() ? "gateway" : health.service, name}};
  for (const auto& [part, status] : health.parts) rows.emplace_back(part, ServingStatusName(status));
  return RenderRows(rows, "");
}

}  // namespace interaction::cli
