#include "sandbox/all_vendors.h"

#include <memory>
#include <utility>
#include <vector>

#include "sandbox/seethepro.h"

namespace interaction::sandbox {

Vendors AllVendors(const VendorOptions& options) {
  std::vector<std::unique_ptr<const Vendor>> vendors;
  vendors.push_back(std::make_unique<seethepro::SeeThePro>(options.delay));
  vendors.push_back(std::make_unique<wolkvox::Wolkvox>(options.wolkvox));
  return Vendors(std::move(vendors));
}

}  // namespace interaction::sandbox
