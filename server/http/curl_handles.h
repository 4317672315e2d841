#pragma once

#include <memory>

struct Curl_URL;

namespace interaction::http {

// libcurl's handles, owned. Its header stays out of ours: to the outside a handle is a void* (that is how curl.h
// declares CURL, CURLM and CURLSH, too).
struct EasyCleanup {
  void operator()(void* easy) const;
};
struct MultiCleanup {
  void operator()(void* multi) const;
};
struct ShareCleanup {
  void operator()(void* share) const;
};
struct UrlCleanup {
  void operator()(Curl_URL* url) const;
};
using EasyHandle = std::unique_ptr<void, EasyCleanup>;
using MultiHandle = std::unique_ptr<void, MultiCleanup>;
using ShareHandle = std::unique_ptr<void, ShareCleanup>;
using UrlHandle = std::unique_ptr<Curl_URL, UrlCleanup>;

}  // namespace interaction::http
