#pragma once

#include <memory>

struct Curl_URL;
struct curl_slist;

namespace interaction::http {

// libcurl's handles, owned. Its header stays out of ours: to the outside a handle is a void* (that is how curl.h
// declares CURL and CURLM, too).
struct EasyCleanup {
  void operator()(void* easy) const;
};
struct MultiCleanup {
  void operator()(void* multi) const;
};
struct UrlCleanup {
  void operator()(Curl_URL* url) const;
};
struct ListCleanup {
  void operator()(curl_slist* list) const;
};
using EasyHandle = std::unique_ptr<void, EasyCleanup>;
using MultiHandle = std::unique_ptr<void, MultiCleanup>;
using UrlHandle = std::unique_ptr<Curl_URL, UrlCleanup>;
using ListHandle = std::unique_ptr<curl_slist, ListCleanup>;

}  // namespace interaction::http
