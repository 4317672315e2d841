#include "client/cli/output.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
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
using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr int kJsonIndent = 2;

constexpr size_t kErrorNameWidth = 8;  // "metadata"

// Rows as two columns, the values one under the other; the first is at least `width` wide.
std::string RenderRows(const Rows& rows, absl::string_view indent, size_t width = 0) {
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : rows) {
    absl::StrAppend(&text, indent, name, std::string(width - name.size() + 2, ' '), Printable(value), "\n");
  }
  return text;
}

std::string FieldText(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (field.has_presence() && !reflection.HasField(message, &field)) return "-";
  if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return reflection.GetString(message, &field);
  }
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, -1, &text);
  return text;
}

// protobuf's JSON, reformatted. Null if the message cannot be mapped: an Any of an unknown type.
Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return Json();
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// `json` as text. Bytes that are not UTF-8 are replaced: the text has to remain JSON.
std::string Dump(const Json& json) {
  return json.dump(kJsonIndent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
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

std::string RenderReply(const google::protobuf::Message& reply, Format format) {
  if (format == Format::kJson) return Dump(ToJson(reply));
  const google::protobuf::Descriptor& type = *reply.GetDescriptor();
  Rows rows;
  for (int i = 0; i < type.field_count(); ++i)
    rows.emplace_back(type.field(i)->name(), FieldText(reply, *type.field(i)));
  return RenderRows(rows, "");
}

std::string RenderError(const absl::Status& status, Effect effect, absl::string_view request_id) {
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
  if (!next.empty()) absl::StrAppend(&text, RenderRows({{"next", next}}, "  ", kErrorNameWidth));
  return text;
}

std::string RenderErrorJson(const absl::Status& status) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kStatusPayload);
  if (payload.has_value() && !details.ParseFromString(std::string(*payload))) details.Clear();
  // The status of the call counts; the copy in the details may be missing.
  Json json = {{"code", static_cast<int>(status.code())}, {"message", status.message()}, {"details", Json::array()}};
  for (const google::protobuf::Any& detail : details.details()) json["details"].push_back(DetailToJson(detail));
  return Dump(json);
}

std::string RenderHealth(absl::string_view service, ServingStatus status, Format format) {
  const absl::string_view name = ServingStatusName(status);
  if (format == Format::kJson) return Dump({{"service", service}, {"status", name}});
  return service.empty() ? absl::StrCat(name, "\n") : RenderRows({{std::string(service), std::string(name)}}, "");
}

}  // namespace interaction::cli
