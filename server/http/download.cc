#include "server/http/download.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/http/curl_handles.h"

namespace interaction::http {
namespace {

struct Received {
  std::string text;
  size_t max_bytes;
};

size_t Append(char* data, size_t, size_t size, void* user) {
  auto* const received = static_cast<Received*>(user);
  if (received->text.size() + size > received->max_bytes) return 0;  // ends the transfer
  received->text.append(data, size);
  return size;
}

void SetOptions(CURL* easy, const std::string& url, const DownloadOptions& options, Received* received) {
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options.timeout)));
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, options.no_proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options.unix_socket.c_str());
  if (!options.verify_certificate) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
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

absl::StatusOr<Document> Get(const std::string& url, const DownloadOptions& options) {
  const EasyHandle easy(curl_easy_init());
  if (easy == nullptr) return absl::UnavailableError("out of memory");
  Received received = {.text = "", .max_bytes = options.max_bytes};
  SetOptions(easy.get(), url, options, &received);
  ASSIGN_OR_RETURN(const long status, Perform(easy.get(), options.max_bytes));
  return Document{.status = status, .body = std::move(received.text)};
}

absl::StatusOr<std::string> Download(const std::string& url, const DownloadOptions& options) {
  ASSIGN_OR_RETURN(Document document, Get(url, options));
  if (document.status != 200) return WrongStatus(document.status);
  return std::move(document.body);
}

struct Poster::Handles {
  EasyHandle easy{curl_easy_init()};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers{nullptr, &curl_slist_free_all};
  Received received;
};

Poster::Poster(const std::string& url, const std::vector<std::string>& headers, const DownloadOptions& options)
    : handles_(std::make_unique<Handles>()) {
  CURL* const easy = handles_->easy.get();
  if (easy == nullptr) return;
  handles_->received.max_bytes = options.max_bytes;
  SetOptions(easy, url, options, &handles_->received);
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  handles_->headers.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}

Poster::~Poster() = default;

absl::Status Poster::Post(absl::string_view body) {
  CURL* const easy = handles_->easy.get();
  if (easy == nullptr) return absl::UnavailableError("out of memory");
  handles_->received.text.clear();
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  ASSIGN_OR_RETURN(const long status, Perform(easy, handles_->received.max_bytes));
  return status / 100 == 2 ? absl::OkStatus() : WrongStatus(status);
}

}  // namespace interaction::http
