#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::upstream {

// The text of a body as UTF-8 without a byte order mark. The body is UTF-8, or UTF-16 if a byte order mark says so.
// UTF-8 is not checked here, because the parsers do that. INVALID_ARGUMENT if it is not valid UTF-16.
//
// Returns a view of `body` if nothing has to be converted, otherwise of `*storage`.
absl::StatusOr<absl::string_view> ToUtf8(absl::string_view body, std::string* storage);

}  // namespace interaction::upstream
