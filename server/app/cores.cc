#include "server/app/cores.h"

#include <sched.h>

#include <algorithm>

namespace interaction::app {

int AvailableCores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return std::max(CPU_COUNT(&cores), 1);
}

}  // namespace interaction::app
