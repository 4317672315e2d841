#include "server/http/curl_handles.h"

#include <curl/curl.h>

namespace interaction::http {

void EasyCleanup::operator()(void* easy) const { curl_easy_cleanup(easy); }

void MultiCleanup::operator()(void* multi) const { curl_multi_cleanup(multi); }

void ShareCleanup::operator()(void* share) const { curl_share_cleanup(share); }

void UrlCleanup::operator()(Curl_URL* url) const { curl_url_cleanup(url); }

}  // namespace interaction::http
