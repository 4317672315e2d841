#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/import/input.h"
#include "client/cli/import/text_decoder.h"

namespace interaction::cli::import {

// The text of an input as UTF-8, piece by piece.
class TextStream {
 public:
  TextStream(Input& input, std::unique_ptr<TextDecoder> decoder) : input_(input), decoder_(std::move(decoder)) {}

  // Appends the next piece to `text`; false at the end.
  absl::StatusOr<bool> Next(std::string* text) {
    if (ended_) return false;
    char buffer[65536];
    const absl::StatusOr<size_t> count = input_.Read(buffer, sizeof(buffer));
    if (!count.ok()) return count.status();
    ended_ = *count == 0;
    const absl::Status decoded = decoder_->Decode(absl::string_view(buffer, *count), ended_, text);
    if (!decoded.ok()) return decoded;
    return true;
  }

  bool has_mark() const { return decoder_->has_mark(); }

 private:
  Input& input_;
  std::unique_ptr<TextDecoder> decoder_;
  bool ended_ = false;
};

}  // namespace interaction::cli::import
