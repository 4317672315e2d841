#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/http/message.h"

struct curl_slist;

namespace interaction::http {

// The headers of a request in the form that libcurl reads them. Its storage is reused from one request to the next:
// libcurl keeps a pointer to the list and copies nothing, so that neither needs curl_slist_append, which allocates
// twice a header.
class HeaderList {
 public:
  HeaderList();
  ~HeaderList();

  // Replaces the list. False, and none of them taken, if a name is not a token (RFC 9110) or a value holds CR, LF or
  // NUL, with which it would become two headers: libcurl sends them as they are.
  bool Assign(const Request& request);

  // Valid until the next Assign().
  curl_slist* get() const;

 private:
  std::string text_;  // "Name: value", each with a NUL behind
  std::unique_ptr<curl_slist[]> nodes_;
  size_t capacity_ = 0;
  size_t count_ = 0;
};

}  // namespace interaction::http
