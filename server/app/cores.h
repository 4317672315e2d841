#pragma once

namespace interaction::app {

// The cores that this process may use: those of its affinity mask, so that a container or taskset limits the lanes too.
int AvailableCores();

}  // namespace interaction::app
