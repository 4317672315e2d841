#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::h2 {

// What the first bytes of a connection are.
enum class Preface {
  kIncomplete,  // the beginning of HTTP/2's preface
  kHttp2,
  kForeign,  // anything else
};

Preface ReadPreface(absl::string_view first_bytes);

// An answer to a client that speaks another protocol, in plain text that HTTP/1 clients show and TLS clients report as
// a wrong version, and the line about it for the log.
std::string AnswerToForeignProtocol(absl::string_view first_bytes);
std::string DescribeForeignProtocol(absl::string_view first_bytes);

}  // namespace interaction::h2
