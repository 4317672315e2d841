#include "server/admin/http_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "server/base/status_macros.h"

namespace interaction::admin {
namespace {

constexpr unsigned kConnections = 64;
constexpr unsigned kIdleSeconds = 10;
constexpr size_t kConnectionMemory = 32 << 10;  // for the head of a request
constexpr size_t kMaxBody = 256 << 10;

// One request, from its first line until libmicrohttpd is done with it.
struct Exchange {
  HttpRequest request;
  bool has_head = false;
  bool too_large = false;
};

MHD_Result AddHeader(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HttpRequest*>(request)->headers[absl::AsciiStrToLower(name)] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result AddParameter(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HttpRequest*>(request)->query[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result Deliver(MHD_Connection* connection, const HttpResponse& answer) {
  MHD_Response* const response =
      MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Content-Type", answer.content_type.c_str());
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  MHD_add_response_header(response, "Cache-Control", "no-store");
  for (const auto& [name, value] : answer.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace

// libmicrohttpd's callbacks.
class HttpServer::Glue {
 public:
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                              const char* data, size_t* size, void** state) {
    if (*state == nullptr) *state = new Exchange;
    auto& exchange = *static_cast<Exchange*>(*state);
    if (!exchange.has_head) {
      exchange.has_head = true;
      exchange.request.method = method;
      exchange.request.path = url;
      MHD_get_connection_values(connection, MHD_HEADER_KIND, &AddHeader, &exchange.request);
      MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &AddParameter, &exchange.request);
      return MHD_YES;
    }
    if (*size > 0) {
      std::string& body = exchange.request.body;
      exchange.too_large |= body.size() + *size > kMaxBody;
      if (!exchange.too_large) body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    if (exchange.too_large) return Deliver(connection, {.status = 413, .body = "The request is too large.\n"});
    return Deliver(connection, static_cast<HttpServer*>(self)->handler_(exchange.request));
  }

  static void OnCompleted(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
  }
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(std::unique_ptr<listen::Listener> listener,
                                                              const Tls* tls, Handler handler) {
  auto server = std::unique_ptr<HttpServer>(new HttpServer(std::move(listener), std::move(handler)));
  const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;
  const MHD_OptionItem tls_options[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? const_cast<char*>(tls->certificate.c_str()) : nullptr},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? const_cast<char*>(tls->key.c_str()) : nullptr},
      {MHD_OPTION_END, 0, nullptr}};
  const MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, nullptr}};
  server->daemon_ = MHD_start_daemon(flags | (tls ? MHD_USE_TLS : 0), /*port=*/0, nullptr, nullptr, &Glue::OnRequest,
                                     server.get(), MHD_OPTION_CONNECTION_LIMIT, kConnections,
                                     MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                     kConnectionMemory, MHD_OPTION_NOTIFY_COMPLETED, &Glue::OnCompleted, server.get(),
                                     MHD_OPTION_ARRAY, tls ? tls_options : no_options, MHD_OPTION_END);
  if (server->daemon_ == nullptr) {
    return absl::InvalidArgumentError(tls ? "the certificate and key of the admin port cannot be used"
                                          : "libmicrohttpd cannot be started");
  }
  RETURN_IF_ERROR(server->listener_->Start([daemon = server->daemon_](int, int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length);
    // It closes a connection that it does not take.
    MHD_add_connection(daemon, fd, reinterpret_cast<const sockaddr*>(&address), length);
  }));
  return server;
}

HttpServer::~HttpServer() {
  listener_->Close();
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace interaction::admin
