// Linked into every program. A standard descriptor that was closed by whoever started the program would be the number
// of the next file or socket that is opened, and what is written for people would go into it: log lines into a
// connection, a result into an eventfd, which takes the first eight bytes and reports success.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace interaction {
namespace {

void OccupyStandardDescriptors(int, char**, char**) {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest number that is free. It is opened the wrong way round, so that using it fails as it would
    // have: a result that cannot be written is told to be lost.
    if (open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

// Runs before the constructors of libraries: gRPC's opens an eventfd there.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)(int, char**,
                                                                             char**) = &OccupyStandardDescriptors;

}  // namespace
}  // namespace interaction
