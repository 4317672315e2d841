#pragma once

#include <string>

#include "server/base/secret.h"

namespace interaction::seethepro {

// How the request is written. The answer is understood in JSON and XML whichever was asked for.
enum class WireFormat { kJson, kXml, kForm };

struct Options {
  std::string base_url;  // absolute; api/vspinteraction/create is appended
  WireFormat wire_format = WireFormat::kJson;
  Secret app_access_key;                  // the gateway's own; empty: callers send theirs
  bool allow_caller_credentials = false;  // callers may send theirs although the gateway has one
};

}  // namespace interaction::seethepro
