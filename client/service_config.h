#pragma once

namespace interaction {

// The text of client/service_config.json, byte for byte (a test compares the two).
extern const char kServiceConfig[];

}  // namespace interaction
