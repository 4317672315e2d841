#pragma once

#include <cstdio>
#include <cstdlib>

namespace interaction::testing {

// Ends the process when the scaffolding of a test cannot be set up: then no claim can be tested, and a plain failure
// would look like a finding about the product.
inline void Require(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

}  // namespace interaction::testing
