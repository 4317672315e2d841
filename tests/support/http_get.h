#pragma once

#include <string>
#include <vector>

namespace interaction::testing {

// What a server answered to one request of HTTP/1.1.
struct HttpAnswer {
  long status = 0;      // 0: no answer
  std::string headers;  // as they were sent
  std::string body;
  std::string error;  // libcurl's words, where there is no answer
};

struct HttpOptions {
  std::string method = "GET";
  std::vector<std::string> headers = {};  // "Authorization: Bearer x"
  std::string body = {};
  std::string ca_file = {};      // for https://
  std::string unix_socket = {};  // the path of the socket to connect to, in place of the host in the URL
};

HttpAnswer Fetch(const std::string& url, const HttpOptions& options = {});

}  // namespace interaction::testing
