#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::cli::import {

struct Separator {
  char character = ',';
  size_t skip = 0;  // bytes before the header: a line "sep=;", which Excel reads and writes
};

// The separator of the cells of a CSV file that begins with `text`: what "sep=" says, else the one of comma, semicolon
// and tab that the header has most of outside quotes, else a comma.
Separator FindSeparator(absl::string_view text);

// What --separator says: a character, or "tab", "comma", "semicolon", "pipe". INVALID_ARGUMENT for anything else.
absl::StatusOr<char> ParseSeparator(absl::string_view text);

}  // namespace interaction::cli::import
