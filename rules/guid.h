#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction {

// A GUID in canonical form: 36 characters, dashed, digits in lower case.
class Guid {
 public:
  static constexpr size_t kLength = 36;

  explicit Guid(const std::array<char, kLength>& text) : text_(text) {}

  absl::string_view text() const { return {text_.data(), text_.size()}; }

  friend bool operator==(const Guid& guid, absl::string_view text) { return guid.text() == text; }

 private:
  std::array<char, kLength> text_;
};

// Reads a GUID in any spelling that .NET's formatters accept: dashed or plain digits, either case, blanks
// around; the dashed form also in braces or parentheses.
//
//   CanonicalGuid(" {6925EBD4-125D-4338-A736-99F4B5BCB3D7}") == "6925ebd4-125d-4338-a736-99f4b5bcb3d7"
//   CanonicalGuid("urn:uuid:...") is INVALID_ARGUMENT
//
// The all-zero GUID is INVALID_ARGUMENT too: the upstream would take it silently. The message tells what is wrong in a
// few fixed words and does not repeat the value.
absl::StatusOr<Guid> CanonicalGuid(absl::string_view text);

// Reads a UUID in its form of 36 characters only (RFC 9562), either case. For request_id: the nil UUID, which AIP-155
// excludes as well, is INVALID_ARGUMENT.
absl::StatusOr<Guid> CanonicalUuid(absl::string_view text);

}  // namespace interaction
