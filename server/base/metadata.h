#pragma once

#include "absl/strings/string_view.h"

namespace interaction {

// One entry of a call's metadata, as gRPC counts it: the key in lower case; the value of a key that ends in "-bin" is
// its bytes, not their Base64. Both views belong to whoever hands the entry out, who says how long they live.
struct MetadataEntry {
  absl::string_view key;
  absl::string_view value;
  bool operator==(const MetadataEntry&) const = default;
};

}  // namespace interaction
