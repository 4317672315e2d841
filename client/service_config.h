#pragma once

namespace interaction {

// The text of client/service_config.json, byte for byte (a test holds the two together).
extern const char kServiceConfig[];

}  // namespace interaction
