#pragma once

#include <string>

#include "server/app/snapshot.h"

namespace interaction::app {

// The snapshot as a JSON object, for /statusz.
std::string StatusJson(const Snapshot& snapshot);

}  // namespace interaction::app
