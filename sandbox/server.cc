#include "sandbox/server.h"

#include <microhttpd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "sandbox/acceptor.h"
#include "sandbox/listener.h"
#include "sandbox/raw_delivery.h"
#include "sandbox/timers.h"

namespace interaction::sandbox {
namespace {

constexpr absl::Duration kDripInterval = absl::Seconds(1);
// Of a connection, for the head of a request and of its answer. libmicrohttpd touches all of it, so it decides how much
// memory ten thousand connections take.
constexpr size_t kConnectionMemory = 16 << 10;

class MicrohttpdServer;

// One request, from its first line until libmicrohttpd is done with it. Used by one thread at a time: that of the
// connection.
struct Exchange {
  explicit Exchange(absl::string_view target) { request.target = std::string(target); }

  Request request;
  bool has_head = false;
  bool too_large = false;
  std::unique_ptr<Visit> visit;  // from the last byte of the request until the answer leaves
};

// The body of an answer that drips. Owned by its MHD_Response.
struct Drip {
  MHD_Connection* connection;
  Timers* timers;
  std::string body;
  bool waited = false;
};

class MicrohttpdServer final : public Server {
 public:
  MicrohttpdServer(const ServerOptions& options, Sandbox* sandbox) : options_(options), sandbox_(sandbox) {}
  ~MicrohttpdServer() override {
    acceptor_.reset();
    timers_.Flush();  // libmicrohttpd must not be stopped while a connection is suspended
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  absl::Status Serve();
  int port() const override { return port_; }

 private:
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* url, const char* method,
                              const char* version, const char* data, size_t* size, void** state);
  static void OnConnection(void* self, MHD_Connection* connection, void** number, MHD_ConnectionNotificationCode code);
  static void OnCompleted(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
  }
  static void* OnTarget(void*, const char* target, MHD_Connection*) { return new Exchange(target); }

  void ReadHead(MHD_Connection* connection, const char* method, Exchange& exchange);
  void ReadBody(absl::string_view data, Exchange& exchange);
  MHD_Result Answer(MHD_Connection* connection, Exchange& exchange);
  MHD_Result Deliver(MHD_Connection* connection, const Reply& reply);

  const ServerOptions options_;
  Sandbox* const sandbox_;
  Timers timers_;
  std::atomic<uintptr_t> connections_ = 0;
  MHD_Daemon* daemon_ = nullptr;
  std::unique_ptr<Acceptor> acceptor_;
  int port_ = 0;
};

MHD_Result AddHeader(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<Request*>(request)->headers.push_back({name, value == nullptr ? "" : value});
  return MHD_YES;
}

// One byte, a pause, one byte: libmicrohttpd asks again after each, and is not to ask during the pause.
ssize_t ReadDrip(void* drip_pointer, uint64_t position, char* buffer, size_t) {
  auto* drip = static_cast<Drip*>(drip_pointer);
  if (std::exchange(drip->waited, !drip->waited)) {
    *buffer = drip->body[position];
    return 1;
  }
  MHD_Connection* const connection = drip->connection;
  MHD_suspend_connection(connection);
  drip->timers->After(kDripInterval, [connection] { MHD_resume_connection(connection); });
  return 0;
}

void FreeDrip(void* drip) { delete static_cast<Drip*>(drip); }

MHD_Response* MakeResponse(const Reply& reply, MHD_Connection* connection, Timers* timers) {
  MHD_Response* response;
  if (reply.delivery == Delivery::kDripped && !reply.body.empty()) {
    auto* drip = new Drip{.connection = connection, .timers = timers, .body = reply.body};
    response = MHD_create_response_from_callback(reply.body.size(), 1024, ReadDrip, drip, FreeDrip);
  } else {
    // Copied: the visit that owns the reply ends before its last byte has left.
    response =
        MHD_create_response_from_buffer(reply.body.size(), const_cast<char*>(reply.body.data()), MHD_RESPMEM_MUST_COPY);
  }
  for (const Header& header : reply.headers) {
    MHD_add_response_header(response, header.name.c_str(), header.value.c_str());
  }
  return response;
}

absl::Status MicrohttpdServer::Serve() {
  absl::StatusOr<Listener> listener = Listen(options_.host, options_.port);
  if (!listener.ok()) return listener.status();
  port_ = listener->port;
  daemon_ = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, /*port=*/0,
      nullptr, nullptr, &OnRequest, this, MHD_OPTION_THREAD_POOL_SIZE,
      static_cast<unsigned>(options_.threads > 1 ? options_.threads : 0), MHD_OPTION_CONNECTION_LIMIT,
      static_cast<unsigned>(options_.max_connections), MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory,
      MHD_OPTION_URI_LOG_CALLBACK, &OnTarget, this, MHD_OPTION_NOTIFY_COMPLETED, &OnCompleted, this,
      MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    close(listener->socket);
    return absl::InternalError("libmicrohttpd cannot be started");
  }
  // It closes a connection that it does not take.
  acceptor_ = std::make_unique<Acceptor>(*listener, [this](int connection, const sockaddr* address, socklen_t length) {
    MHD_add_connection(daemon_, connection, address, length);
  });
  return absl::OkStatus();
}

void MicrohttpdServer::OnConnection(void* self, MHD_Connection*, void** number, MHD_ConnectionNotificationCode code) {
  auto* server = static_cast<MicrohttpdServer*>(self);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *number = reinterpret_cast<void*>(++server->connections_);  // a number in the place of a pointer
    server->sandbox_->ledger().ConnectionOpened();
  } else {
    server->sandbox_->ledger().ConnectionClosed();
  }
}

// Called with the head, with every piece of the body, at its end, and again each time the connection is resumed.
MHD_Result MicrohttpdServer::OnRequest(void* self, MHD_Connection* connection, const char*, const char* method,
                                       const char*, const char* data, size_t* size, void** state) {
  auto* server = static_cast<MicrohttpdServer*>(self);
  auto& exchange = *static_cast<Exchange*>(*state);
  if (!exchange.has_head) {
    server->ReadHead(connection, method, exchange);
    return MHD_YES;
  }
  if (*size > 0) {
    server->ReadBody({data, std::exchange(*size, 0)}, exchange);
    return MHD_YES;
  }
  return server->Answer(connection, exchange);
}

void MicrohttpdServer::ReadHead(MHD_Connection* connection, const char* method, Exchange& exchange) {
  exchange.has_head = true;
  exchange.request.method = method;
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  exchange.request.connection = reinterpret_cast<uintptr_t>(info->socket_context);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &AddHeader, &exchange.request);
}

void MicrohttpdServer::ReadBody(absl::string_view data, Exchange& exchange) {
  std::string& body = exchange.request.body;
  exchange.too_large |= body.size() + data.size() > options_.max_request_bytes;
  if (!exchange.too_large) body.append(data.data(), data.size());
}

MHD_Result MicrohttpdServer::Answer(MHD_Connection* connection, Exchange& exchange) {
  if (exchange.too_large) return Deliver(connection, {.status = 413});
  if (exchange.visit == nullptr) {
    exchange.visit = sandbox_->Arrive(std::move(exchange.request));
    if (const absl::Duration delay = exchange.visit->reply().delay; delay > absl::ZeroDuration()) {
      // A client that gives up meanwhile is noticed when the time is over.
      MHD_suspend_connection(connection);
      timers_.After(delay, [connection] { MHD_resume_connection(connection); });
      return MHD_YES;
    }
  }
  // The visit ends before the first byte leaves: otherwise a client that answers quickly with its next request would
  // meet its last one still under way.
  const Reply reply = exchange.visit->reply();
  exchange.visit.reset();
  return Deliver(connection, reply);
}

MHD_Result MicrohttpdServer::Deliver(MHD_Connection* connection, const Reply& reply) {
  const bool interim = reply.status < 200;  // libmicrohttpd makes no final answer of it
  if ((reply.delivery != Delivery::kWhole && reply.delivery != Delivery::kDripped) || interim) {
    DeliverRaw(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd, reply);
    return MHD_NO;  // closes the connection
  }
  MHD_Response* const response = MakeResponse(reply, connection, &timers_);
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
  MHD_destroy_response(response);
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Sandbox* sandbox) {
  auto server = std::make_unique<MicrohttpdServer>(options, sandbox);
  if (absl::Status status = server->Serve(); !status.ok()) return status;
  return server;
}

int RaiseFileLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(limit.rlim_cur);
}

}  // namespace interaction::sandbox
