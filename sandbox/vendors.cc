#include "sandbox/vendors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace interaction::sandbox {

Vendors::Vendors(std::vector<std::unique_ptr<const Vendor>> vendors) : owned_(std::move(vendors)) {
  for (const auto& vendor : owned_) all_.push_back(vendor.get());
}

const Vendor* Vendors::ForPath(absl::string_view path) const {
  const Vendor* closest = nullptr;
  for (const Vendor* vendor : all_) {
    if (!absl::StartsWith(path, vendor->PathPrefix())) continue;
    if (closest == nullptr || vendor->PathPrefix().size() > closest->PathPrefix().size()) closest = vendor;
  }
  return closest;
}

const Vendor* Vendors::Find(absl::string_view name) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const Vendor* vendor) { return vendor->Name() == name; });
  return found == all_.end() ? nullptr : *found;
}

bool Vendors::IsTokenHeader(absl::string_view header) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Vendor* vendor) {
    return !vendor->TokenHeader().empty() && absl::EqualsIgnoreCase(vendor->TokenHeader(), header);
  });
}

}  // namespace interaction::sandbox
