#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction {

// Strings of JSON, of which every call writes some dozens: most need no escape, and sixteen characters at once tell.

// Appends what stands between the quotes. Escapes what RFC 8259 demands, and U+2028 and U+2029, which are line breaks
// in JavaScript. `text` is UTF-8.
void AppendJsonText(absl::string_view text, std::string* to);

// Whether all of the text is ASCII that JSON writes as it is.
bool IsPlainJsonText(absl::string_view text);

}  // namespace interaction
