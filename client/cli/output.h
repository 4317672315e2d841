#pragma once

#include <string>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"

// Everything interactionctl prints about an answer. Pure: the same value gives the same text, which ends with a
// newline.
namespace interaction::cli {

enum class Format { kTable, kJson };

// A reply. As table: a line per field, named as in the proto, "-" for a field that is absent. As JSON: protobuf's
// mapping.
//
//   interaction_id   6925ebd4-125d-4338-a736-99f4b5bcb3d7
//   campaign_key     -
std::string RenderReply(const google::protobuf::Message& reply, Format format);

// A failed call for people: what happened, and, for a call that opens an interaction, whether it was opened. The last
// line says what to do next. `status` is not OK; `request_id` is the call's, empty if it had none.
enum class Effect { kOpens, kNone };
std::string RenderError(const absl::Status& status, Effect effect, absl::string_view request_id = "");

// A failed call for programs: its google.rpc.Status as JSON, details decoded. A detail of a type that this program does
// not know keeps its bytes, in base64.
std::string RenderErrorJson(const absl::Status& status);

// `service` may be empty: the gateway as a whole.
std::string RenderHealth(absl::string_view service, ServingStatus status, Format format);

// `text` with control characters escaped, so that a vendor's text cannot control the terminal: "a\x1b[31m" ->
// "a\x1b[31m" spelled out.
std::string Printable(absl::string_view text);

}  // namespace interaction::cli
