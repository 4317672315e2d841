#pragma once

#include <string>
#include <utility>
#include <vector>

namespace interaction::http {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

// A POST to an upstream: the only method there is here. A plain value that an Encode function makes.
struct Request {
  std::string url;              // absolute, made by JoinUrl (url.h), never by pasting input into a string
  std::vector<Header> headers;  // names and values are free of CR, LF and NUL; Content-Type is among them
  std::string body;
};

// A complete response, whatever its status. Only the Decode function of the upstream judges it.
struct Response {
  int status = 0;
  std::string content_type;  // values of these three headers, "" if absent
  std::string retry_after;
  std::string location;
  std::string body;
  bool body_truncated =
      false;  // the status is >= 400 and the connection ended within the body: the verdict still counts
};

}  // namespace interaction::http
