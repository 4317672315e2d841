#include "server/http/download.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/http/curl_handles.h"

namespace interaction::http {
namespace {

struct Document {
  std::string text;
  size_t max_bytes;
};

size_t Append(char* data, size_t, size_t size, void* user) {
  auto* const document = static_cast<Document*>(user);
  if (document->text.size() + size > document->max_bytes) return 0;  // ends the transfer
  document->text.append(data, size);
  return size;
}

void SetOptions(CURL* easy, const std::string& url, const DownloadOptions& options, Document* document) {
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options.timeout)));
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, options.no_proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, document);
}

// The status of the answer.
absl::StatusOr<long> Perform(CURL* easy, size_t max_bytes) {
  const CURLcode code = curl_easy_perform(easy);
  if (code == CURLE_WRITE_ERROR) {
    return absl::UnavailableError(absl::StrCat("the answer is longer than ", max_bytes, " bytes"));
  }
  if (code != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

absl::Status WrongStatus(long status) { return absl::UnavailableError(absl::StrCat("the answer has status ", status)); }

}  // namespace

absl::StatusOr<std::string> Download(const std::string& url, const DownloadOptions& options) {
  const EasyHandle easy(curl_easy_init());
  if (easy == nullptr) return absl::UnavailableError("out of memory");
  Document document = {.text = "", .max_bytes = options.max_bytes};
  SetOptions(easy.get(), url, options, &document);
  ASSIGN_OR_RETURN(const long status, Perform(easy.get(), options.max_bytes));
  if (status != 200) return WrongStatus(status);
  return std::move(document.text);
}

absl::Status Post(const std::string& url, const std::vector<std::string>& headers, const std::string& body,
                  const DownloadOptions& options) {
  const EasyHandle easy(curl_easy_init());
  if (easy == nullptr) return absl::UnavailableError("out of memory");
  Document document = {.text = "", .max_bytes = options.max_bytes};
  SetOptions(easy.get(), url, options, &document);
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(list, &curl_slist_free_all);
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.data());
  ASSIGN_OR_RETURN(const long status, Perform(easy.get(), options.max_bytes));
  return status / 100 == 2 ? absl::OkStatus() : WrongStatus(status);
}

}  // namespace interaction::http
