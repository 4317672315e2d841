#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::cli::import {

// Turns the bytes of a text file into UTF-8, piece by piece. A byte order mark says UTF-8 or UTF-16 and is left out;
// bytes without one are passed on, and are UTF-8 if IsUtf8 says so.
class TextDecoder {
 public:
  // `encoding`: "auto", or a name that iconv knows, such as windows-1252. INVALID_ARGUMENT for others.
  static absl::StatusOr<std::unique_ptr<TextDecoder>> Create(const std::string& encoding);
  ~TextDecoder();

  // Appends what `bytes` stand for to `out`. `last`: nothing follows. INVALID_ARGUMENT if they are not in the encoding.
  absl::Status Decode(absl::string_view bytes, bool last, std::string* out);

  // Whether there was a byte order mark, without which Excel would read a file in UTF-8 wrongly.
  bool has_mark() const { return has_mark_; }

 private:
  class Converter;
  TextDecoder();

  absl::Status Begin(absl::string_view* bytes);

  bool begun_ = false;
  bool has_mark_ = false;
  std::string first_bytes_;               // until there are enough to see a byte order mark
  std::unique_ptr<Converter> converter_;  // null: the bytes are passed on
};

// Whether `text` is valid UTF-8 (RFC 3629).
bool IsUtf8(absl::string_view text);

}  // namespace interaction::cli::import
