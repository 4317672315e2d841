#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/admin/http_server.h"

namespace interaction::admin {

// A file of the console, by its path: "/", "/console/main.js". Nothing: there is none. They are compiled into the
// program, hold nothing of this gateway, and ask for nothing elsewhere.
std::optional<HttpResponse> ConsoleFile(absl::string_view path);

// docs/errors.md's tables of reasons, as a JSON object: by reason, its message, code, outcome, meaning
// and what to do.
const std::string& ReasonsJson();

}  // namespace interaction::admin
