#pragma once

#include "absl/time/time.h"
#include "sandbox/vendors.h"
#include "sandbox/wolkvox.h"

namespace interaction::sandbox {

struct VendorOptions {
  absl::Duration delay;  // before every answer of a vendor without a delay of its own
  wolkvox::Options wolkvox;
};

// The vendors of interaction-sandbox: the only place that names them all.
Vendors AllVendors(const VendorOptions& options = {});

}  // namespace interaction::sandbox
