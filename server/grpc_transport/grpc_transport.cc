#include "server/grpc_transport/grpc_transport.h"

#include <grpc/grpc.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <utility>

#include "server/grpc_transport/grpc_call.h"

namespace interaction::grpc_transport {
namespace {

constexpr unsigned int kLookAtFilesSeconds = 1;

void SetChannelArguments(const Options& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(options.max_message_bytes);
  // gRPC would decompress a whole message before it checks the size.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  // No rule that ends connections may be shorter than a call: clients would report UNAVAILABLE for a request that was
  // sent.
  const int longest_call_ms = static_cast<int>(absl::ToInt64Milliseconds(options.longest_call));
  const std::pair<const char*, int> arguments[] = {
      // Two servers on one port would each get half of the calls, without any notice.
      {GRPC_ARG_ALLOW_REUSEPORT, 0},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams},
      {GRPC_ARG_MAX_METADATA_SIZE, 16 << 10},
      // Ending connections now and then lets clients behind a layer 4 load balancer spread again; gRPC adds the jitter.
      {GRPC_ARG_MAX_CONNECTION_AGE_MS, static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age))},
      {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, longest_call_ms},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30 * 60 * 1000},
      // Detects clients that are gone. A client that sleeps for a while, or whose network is down for a while, still
      // gets its answer.
      {GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, longest_call_ms},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
      // Frequent pings of a client are no reason to end its calls.
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0},
      // gRPC core refuses calls beyond this number that wait to be accepted, but admission decides that here.
      {"grpc.server.max_pending_requests", options.max_concurrent_streams * 1024},
      {"grpc.server.max_pending_requests_hard_limit", options.max_concurrent_streams * 1024},
  };
  for (const auto& [name, value] : arguments) builder->AddChannelArgument(name, value);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsFrom(const Options& options) {
  if (options.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  namespace tls = grpc::experimental;
  auto files = std::make_shared<tls::FileWatcherCertificateProvider>(options.tls_key_file, options.tls_cert_file,
                                                                     options.tls_client_ca_file, kLookAtFilesSeconds);
  tls::TlsServerCredentialsOptions settings(files);
  settings.watch_identity_key_cert_pairs();
  if (!options.tls_client_ca_file.empty()) {
    settings.watch_root_certs();
    settings.set_cert_request_type(options.client_certificate_required
                                       ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                       : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(settings);
}

}  // namespace

// Spreads calls over the lanes, one after the other.
class GrpcTransport::Service final : public grpc::CallbackGenericService {
 public:
  Service(std::vector<lane::Lane*> lanes, std::vector<rpc::LaneCalls*> calls, const rpc::Methods* methods)
      : lanes_(std::move(lanes)), calls_(std::move(calls)), methods_(methods) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const size_t lane = next_lane_.fetch_add(1, std::memory_order_relaxed) % lanes_.size();
    return Reactor::Start(context, lanes_[lane], calls_[lane], methods_);
  }

 private:
  const std::vector<lane::Lane*> lanes_;
  const std::vector<rpc::LaneCalls*> calls_;
  const rpc::Methods* const methods_;
  std::atomic<size_t> next_lane_{0};
};

GrpcTransport::GrpcTransport(const Options& options, std::unique_ptr<listen::Listener> listener,
                             std::vector<lane::Lane*> lanes, std::vector<rpc::LaneCalls*> calls,
                             const rpc::Methods* methods)
    : options_(options),
      listener_(std::move(listener)),
      service_(std::make_unique<Service>(std::move(lanes), std::move(calls), methods)) {}

GrpcTransport::~GrpcTransport() {
  if (shutdown_.joinable()) shutdown_.join();
}

absl::Status GrpcTransport::Start() {
  grpc::ServerBuilder builder;
  SetChannelArguments(options_, &builder);
  connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, CredentialsFrom(options_));
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC does not start");
  return listener_->Start([this](int listening_fd, int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listening_fd;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  });
}

// grpc::Server::Shutdown waits for the connections, of which one whose peer is gone or asleep would never end.
void GrpcTransport::StopAccepting() {
  listener_->Close();
  if (server_ == nullptr) return finished_.Notify();  // it did not start
  shutdown_ = std::thread([this] {
    server_->Shutdown();
    finished_.Notify();
  });
}

void GrpcTransport::Close() {
  if (!finished_.HasBeenNotified()) grpc_server_cancel_all_calls(server_->c_server());
  if (shutdown_.joinable()) shutdown_.join();
  server_.reset();
}

}  // namespace interaction::grpc_transport
