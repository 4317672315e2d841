#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction {

// What a program was built from, and how. The same for all programs of a build.
struct BuildInfo {
  absl::string_view version;   // "0.1.0"
  absl::string_view commit;    // of git: "1a2b3c4d5e6f", with "+changes" if the sources differed from it; or "unknown"
  absl::string_view type;      // CMake's: "Release"
  absl::string_view compiler;  // "GNU 12.2.0"
};

const BuildInfo& GetBuildInfo();

// What `program` answers to --version, without a line end:
//
//   interactionctl 0.1.0 (commit 1a2b3c4d5e6f, Release, GNU 12.2.0)
std::string VersionLine(absl::string_view program);

}  // namespace interaction
