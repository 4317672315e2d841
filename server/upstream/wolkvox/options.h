#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/base/secret.h"

namespace interaction::wolkvox {

struct Options {
  std::string base_url;                      // absolute; "{server}" in the host is replaced
  std::string default_server;                // for requests that name none; "": they must name one
  std::vector<std::string> allowed_servers;  // empty: any
  bool send_server_header = true;            // wolkvox_server: some proxies refuse header names with an underscore
  std::map<std::string, Secret> tokens;      // the gateway's own, by server; "" is for all other servers
  bool allow_caller_credentials = false;     // callers may send theirs although the gateway has one
};

}  // namespace interaction::wolkvox
