#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::http {

struct DownloadOptions {
  std::string ca_file;   // PEM; "": the authorities that the system trusts
  std::string proxy;     // "": none, also when the environment names one
  std::string no_proxy;  // hosts that bypass it
  absl::Duration timeout = absl::Seconds(10);
  size_t max_bytes = 256 << 10;
  std::string unix_socket;         // connects to it, whatever host the URL names; "": not
  bool verify_certificate = true;  // false: for this machine's own
};

struct Document {
  long status = 0;  // HTTP's
  std::string body;
};

// GETs a small document and blocks meanwhile: never on a lane. Redirects are not followed. UNAVAILABLE says why there
// is no answer. Any thread.
absl::StatusOr<Document> Get(const std::string& url, const DownloadOptions& options);

// The same for one that has to be there, such as a set of keys: any other status than 200 is UNAVAILABLE, "the answer
// has status 404".
absl::StatusOr<std::string> Download(const std::string& url, const DownloadOptions& options);

// POSTs to a URL, over one connection as long as the server keeps it. Blocks, as Get() does. What a server has closed
// meanwhile may be sent again: only for what may come twice. For one thread.
class Poster {
 public:
  // `headers`: "Name: value".
  Poster(const std::string& url, const std::vector<std::string>& headers, const DownloadOptions& options);
  ~Poster();

  // OK if the status is 2xx.
  absl::Status Post(absl::string_view body);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace interaction::http
