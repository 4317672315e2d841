#pragma once

#include <string>

#include "server/base/secret.h"

namespace interaction::seethepro {

// The format of requests. Answers are understood in JSON and XML in any case.
enum class WireFormat { kJson, kXml, kForm };

struct Options {
  std::string base_url;  // absolute; api/vspinteraction/create is appended
  WireFormat wire_format = WireFormat::kJson;
  Secret app_access_key;                  // the gateway's own; empty: callers send theirs
  bool allow_caller_credentials = false;  // callers may send theirs although the gateway has one
};

}  // namespace interaction::seethepro
