#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/lane/lane.h"
#include "server/listen/listener.h"
#include "server/rpc/methods.h"
#include "server/rpc/transport.h"

namespace interaction::grpc_transport {

struct Options {
  int max_message_bytes = 256 << 10;
  int max_concurrent_streams = 1024;                      // per connection
  absl::Duration max_connection_age = absl::Minutes(10);  // then the client is asked to connect anew, with jitter
  // How long a connection may last after it was asked to end, and a client may leave a ping unanswered: longer than any
  // call.
  absl::Duration longest_call = absl::Minutes(3);
  std::string tls_cert_file;  // PEM chain, with tls_key_file; "": without TLS. gRPC watches the files.
  std::string tls_key_file;
  std::string tls_client_ca_file;  // PEM; "": clients are asked for no certificate
  bool client_certificate_required = true;
};

// gRPC's own server, with its callback API: a call arrives on a thread of gRPC's, is served on a lane, and is answered
// by gRPC again. No gRPC library is known outside of this folder.
class GrpcTransport final : public rpc::Transport {
 public:
  // `lanes` and their `calls`, in the same order, and `methods` outlive the transport. `listener` is open.
  GrpcTransport(const Options& options, std::unique_ptr<listen::Listener> listener, std::vector<lane::Lane*> lanes,
                std::vector<rpc::LaneCalls*> calls, const rpc::Methods* methods);
  ~GrpcTransport() override;

  absl::Status Start() override;
  void StopAccepting() override;
  // gRPC does not tell what clients confirm, only that all of them have left.
  bool clients_know() const override { return finished_.HasBeenNotified(); }
  void Close() override;

 private:
  class Service;

  const Options options_;
  const std::unique_ptr<listen::Listener> listener_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;  // passes connections to server_
  std::thread shutdown_;
  absl::Notification finished_;
};

}  // namespace interaction::grpc_transport
