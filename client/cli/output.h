#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"

// Everything interactionctl prints about an answer. Pure: the same value gives the same text, which ends with a
// newline.
namespace interaction::cli {

enum class Format { kTable, kJson, kYaml, kNdjson };

// What --output calls a format, or nothing.
std::optional<Format> FormatNamed(absl::string_view name);
inline constexpr absl::string_view kFormatNames[] = {"table", "json", "yaml", "ndjson"};

// `json` in a format for programs: with line breaks, as YAML, or on one line. Bytes that are not UTF-8 are replaced.
std::string Dump(const nlohmann::ordered_json& json, Format format);

// A message in protobuf's JSON mapping, with all its fields. Null if it cannot be mapped: an Any of an unknown type.
nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// Rows as two columns, the values one under the other; the first is at least `width` wide.
using Rows = std::vector<std::pair<std::string, std::string>>;
std::string RenderRows(const Rows& rows, absl::string_view indent, size_t width = 0);

// The value of a field as text: "" for one that is absent.
std::string TextOf(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

// What is shown in place of a secret.
inline constexpr char kMask[] = "***";
void MaskSecret(const google::protobuf::FieldDescriptor& field, google::protobuf::Message* request);

// A reply. As table: a line per field, named as in the proto, "-" for a field that is absent. Otherwise in protobuf's
// JSON mapping.
//
//   interaction_id   6925ebd4-125d-4338-a736-99f4b5bcb3d7
//   campaign_key     -
std::string RenderReply(const google::protobuf::Message& reply, Format format);

// A failed call for people: what happened, and, for a call that opens an interaction, whether it was opened. The last
// lines say what to do next, and by which command. `status` is not OK; `request_id` is the call's, empty if it had
// none; `again` is the command line that makes the same call again, empty if there is none.
enum class Effect { kOpens, kNone };
std::string RenderError(const absl::Status& status, Effect effect, absl::string_view request_id = "",
                        absl::string_view again = "");

// A failed call for programs: its google.rpc.Status, details decoded. A detail of a type that this program does not
// know keeps its bytes, in base64.
std::string RenderErrorData(const absl::Status& status, Format format);

// The gateway as a whole, and what it says about each part of it: "upstream.wolkvox". Or one service, if `service`
// names one.
struct Health {
  std::string service;
  ServingStatus status = ServingStatus::kUnknown;
  std::vector<std::pair<std::string, ServingStatus>> parts;
};
std::string RenderHealth(const Health& health, Format format);

// `text` with control characters escaped, so that a vendor's text cannot control the terminal: "a\x1b[31m" ->
// "a\x1b[31m" spelled out.
std::string Printable(absl::string_view text);

}  // namespace interaction::cli
