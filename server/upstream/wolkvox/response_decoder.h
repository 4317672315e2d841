#pragma once

#include "absl/status/statusor.h"
#include "interaction/v1/interaction_service.pb.h"
#include "server/http/message.h"
#include "server/upstream/http_verdict.h"

namespace interaction::wolkvox {

// Reads an answer {"code":...,"error":...,"msg":...}, which wolkvox sends with any HTTP status. `code`, a number or a
// string, takes precedence over the HTTP status, so a failure inside an HTTP 200 is a failure. Only an HTTP redirect
// (300 to 308) takes precedence over the body. `msg` distinguishes the four meanings of 403, but is not passed on,
// because it names agents.
absl::StatusOr<v1::AddWolkvoxInteractionResponse> DecodeAnswer(const http::Response& response,
                                                               const upstream::Hints& hints);

}  // namespace interaction::wolkvox
