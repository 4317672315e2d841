#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace interaction::cli {

// A reason, as docs/errors.md explains it, which is part of this program. The client's own reasons come after the
// gateway's.
struct ReasonEntry {
  std::string reason;
  std::string code;     // of gRPC; where there are two, the meaning tells when
  std::string outcome;  // not_applied, unknown, or both
  std::string meaning;
  std::string advice;
};
std::vector<ReasonEntry> ErrorCatalogue();

// The text of docs/errors.md.
extern const absl::string_view kErrorsPage;

}  // namespace interaction::cli
