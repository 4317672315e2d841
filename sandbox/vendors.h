#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "sandbox/vendor.h"

namespace interaction::sandbox {

// The vendors that a sandbox plays, in the order in which they are listed.
class Vendors {
 public:
  explicit Vendors(std::vector<std::unique_ptr<const Vendor>> vendors);

  const std::vector<const Vendor*>& All() const { return all_; }

  // The vendor that gets the requests for that path, null if there is none.
  const Vendor* ForPath(absl::string_view path) const;

  // The vendor of that name, null if there is none.
  const Vendor* Find(absl::string_view name) const;

  // The word that stands for every vendor, in the table of scenarios and in a fault.
  static constexpr absl::string_view kAll = "all";

  // Whether a header of that name, in any case, carries the token of one of them.
  bool IsTokenHeader(absl::string_view header) const;

 private:
  std::vector<std::unique_ptr<const Vendor>> owned_;
  std::vector<const Vendor*> all_;
};

}  // namespace interaction::sandbox
