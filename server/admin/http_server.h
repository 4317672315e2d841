#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/listen/listener.h"

struct MHD_Connection;
struct MHD_Daemon;

namespace interaction::admin {

// A request, whole.
struct HttpRequest {
  std::string method;                          // "GET"
  std::string path;                            // without the query: "/metrics"
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // names in lower case; of several with one name, the last
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides the content type
};

// A small HTTP/1.1 server, by libmicrohttpd, on one thread of its own: for operators and tools, not for load. A client
// that is slow or silent is dropped after ten seconds; 64 may be connected.
class HttpServer {
 public:
  // Called on the server's thread, one request at a time.
  using Handler = std::function<HttpResponse(const HttpRequest& request)>;

  struct Tls {
    std::string certificate;  // the chain, PEM
    std::string key;          // PEM
  };

  // Serves on `listener`, which is open. `tls`: null for plain HTTP. INVALID_ARGUMENT if the certificate or key cannot
  // be used.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(std::unique_ptr<listen::Listener> listener, const Tls* tls,
                                                           Handler handler);
  ~HttpServer();  // waits for the request under way

  // Where it listens, with the real port.
  const std::string& address() const { return listener_->address(); }

 private:
  class Glue;

  HttpServer(std::unique_ptr<listen::Listener> listener, Handler handler)
      : listener_(std::move(listener)), handler_(std::move(handler)) {}

  const std::unique_ptr<listen::Listener> listener_;
  const Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace interaction::admin
