#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/message.h"

namespace interaction::http {

// Keeps a response's header if it is one of those that matter here; `keep_alive` gets the timeout of a Keep-Alive
// header.
void TakeHeader(absl::string_view name, absl::string_view value, Response* response,
                std::optional<absl::Duration>* keep_alive);

}  // namespace interaction::http
