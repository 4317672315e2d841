#pragma once

namespace interaction {

// Written by write_commit.cmake; see BuildInfo::commit.
extern const char kCommit[];

}  // namespace interaction
