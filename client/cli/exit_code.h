#pragma once

#include "absl/status/status.h"

namespace interaction::cli {

// Exit codes of the process, listed by --help and in client/README.md.
inline constexpr int kExitOk = 0;
inline constexpr int kExitNotServing = 1;  // health: the answer is not SERVING
inline constexpr int kExitUsage = 2;       // wrong flags or input: nothing was sent
inline constexpr int kExitNotWritten = 3;  // the call succeeded, but its reply could not be written to standard output
inline constexpr int kExitNotAllApplied = 4;  // import: some rows were not opened, or it is not known

// An error of the RPC: 64 + gRPC code, as grpcurl does. 78 is UNAVAILABLE (14).
inline int ExitCodeOf(const absl::Status& status) { return 64 + static_cast<int>(status.code()); }

// Ended by a signal, as in shells: 130 is SIGINT.
inline int ExitCodeOfSignal(int signal) { return 128 + signal; }

}  // namespace interaction::cli
