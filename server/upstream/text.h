#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::upstream {

// The text of a body as UTF-8 without a byte order mark: UTF-8, or UTF-16 when a byte order mark says so. The
// characters are not checked; the parsers do that. INVALID_ARGUMENT if it is not valid UTF-16.
//
// Returns a view of `body` where nothing has to be converted, else of `*storage`.
absl::StatusOr<absl::string_view> ToUtf8(absl::string_view body, std::string* storage);

}  // namespace interaction::upstream
