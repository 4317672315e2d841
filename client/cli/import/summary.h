#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "client/cli/import/results.h"
#include "client/cli/output.h"

namespace interaction::cli::import {

// How many rows had which outcome, and for which reasons.
class Summary {
 public:
  void Add(const RowResult& result);

  uint64_t CountOf(absl::string_view outcome) const;
  std::string Render(Format format) const;

 private:
  struct Reason {
    uint64_t rows = 0;
    std::string to_do;  // of the first
  };
  uint64_t rows_ = 0;
  std::map<std::string, uint64_t, std::less<>> outcomes_;
  std::map<std::string, Reason> reasons_;
};

}  // namespace interaction::cli::import
