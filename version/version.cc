#include "version/version.h"

#include "absl/strings/str_cat.h"
#include "version/commit.h"

namespace interaction {

const BuildInfo& GetBuildInfo() {
  static const BuildInfo info = {.version = INTERACTION_VERSION,
                                 .commit = kCommit,
                                 .type = INTERACTION_BUILD_TYPE,
                                 .compiler = INTERACTION_COMPILER};
  return info;
}

std::string VersionLine(absl::string_view program) {
  const BuildInfo& info = GetBuildInfo();
  return absl::StrCat(program, " ", info.version, " (commit ", info.commit, ", ", info.type, ", ", info.compiler, ")");
}

}  // namespace interaction
