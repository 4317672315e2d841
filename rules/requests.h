#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "interaction/v1/interaction_service.pb.h"
#include "rules/field_violation.h"

// The rules of whole requests. Each function puts the fields that are right into canonical form (GUIDs, request_id) and
// returns every violation, in the order of the fields; none if the request may be sent.
namespace interaction::rules {

// What depends on the gateway that gets the request.
struct VspConditions {
  bool key_required = false;  // the gateway holds no app_access_key
  bool xml = false;           // SeeThePro is spoken to in XML, which cannot carry every character
};
std::vector<FieldViolation> Canonicalize(const VspConditions& conditions, v1::CreateVspInteractionRequest* request);

struct WolkvoxConditions {
  bool token_required = false;  // the gateway holds no token for the request's server
  // The server that an empty wolkvox_server chooses; empty: there is none. Absent: not known, an empty one is let
  // through.
  std::optional<absl::string_view> default_server;
  absl::Span<const std::string> allowed_servers;  // in lower case; empty: every server
};
std::vector<FieldViolation> Canonicalize(const WolkvoxConditions& conditions,
                                         v1::AddWolkvoxInteractionRequest* request);

// Reads the name of a wolkvox server: one DNS label (RFC 1123) of at most 32 characters, in lower case; nothing for
// anything else. It becomes part of a host name, so this check prevents a caller from choosing the host.
//
//   ParseServer("AB12") == "ab12"; ParseServer("1@evil.test/") == nullopt
std::optional<std::string> ParseServer(absl::string_view text);

inline constexpr absl::string_view kServerRule = "must be 1 to 32 ASCII letters, digits or inner hyphens, such as 0042";

}  // namespace interaction::rules
