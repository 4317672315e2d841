#include "server/http/curl_handles.h"

#include <curl/curl.h>

namespace interaction::http {

void EasyCleanup::operator()(void* easy) const { curl_easy_cleanup(easy); }

void MultiCleanup::operator()(void* multi) const { curl_multi_cleanup(multi); }

void UrlCleanup::operator()(Curl_URL* url) const { curl_url_cleanup(url); }

void ListCleanup::operator()(curl_slist* list) const { curl_slist_free_all(list); }

}  // namespace interaction::http
