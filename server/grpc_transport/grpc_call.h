#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/lane/lane.h"
#include "server/rpc/methods.h"
#include "server/rpc/server_call.h"

namespace interaction::grpc_transport {

// gRPC's side of one call: starts its operations. gRPC reports their ends on its own threads, and each report is handed
// over to the lane. It lives until gRPC is done with it and its call is gone.
class Reactor final : public grpc::ServerGenericBidiReactor, public std::enable_shared_from_this<Reactor> {
 public:
  // Serves the call on `lane`, by the method that it asks for: a unary call when its message is here, which saves the
  // lane a turn, a stream at once. On gRPC's thread.
  static Reactor* Start(grpc::GenericCallbackServerContext* context, lane::Lane* lane, rpc::LaneCalls* calls,
                        const rpc::Methods* methods);

  Reactor(grpc::GenericCallbackServerContext* context, lane::Lane* lane, rpc::LaneCalls* calls,
          const rpc::Methods::Method* method);
  ~Reactor() override;

 private:
  friend class GrpcCall;

  void Serve(std::optional<bool> first_read);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // gRPC's, and gone when OnDone() returns, of which the lane hears later: not used once the call is finishing.
  grpc::GenericCallbackServerContext* const context_;
  grpc_call* const core_call_;  // a reference of our own, by which the call can be cancelled at any time
  lane::Lane* const lane_;
  rpc::LaneCalls* const calls_;
  const rpc::Methods::Method* const method_;
  bool is_served_ = false;         // it was handed over to the lane; gRPC's threads only, one after the other
  std::shared_ptr<Reactor> self_;  // until OnDone
  grpc::ByteBuffer incoming_, outgoing_;

  // On the lane only.
  class GrpcCall* call_ = nullptr;  // null once the handler has destroyed it
};

// The same call as its handler sees it.
class GrpcCall final : public rpc::ServerCall {
 public:
  // `first_read`: whether the first message is in the reactor's `incoming_`; nothing: it was not asked for.
  GrpcCall(std::shared_ptr<Reactor> reactor, std::optional<bool> first_read);
  ~GrpcCall() override { reactor_->call_ = nullptr; }

  absl::string_view path() const override { return path_; }
  absl::Span<const MetadataEntry> metadata() const override { return metadata_; }
  std::optional<absl::Duration> time_left() const override;
  std::string peer() const override { return reactor_->context_->peer(); }
  auth::Caller caller() const override;
  absl::string_view message() const override {
    return {reinterpret_cast<const char*>(message_.begin()), message_.size()};
  }
  void Abort() override;

 private:
  friend class Reactor;

  std::optional<bool> StartRead() override;
  bool StartWrite(std::string message, lane::Operation* done) override;
  bool StartFinish(Ending ending, lane::Operation* done) override;
  void OnReadDone(bool ok);

  const std::shared_ptr<Reactor> reactor_;
  const std::string path_;
  const gpr_timespec deadline_;
  std::vector<MetadataEntry> metadata_;
  std::optional<bool> first_read_;  // until the handler asks for it
  grpc::Slice message_;
  lane::Operation* writing_ = nullptr;
  lane::Operation* finishing_ = nullptr;
};

}  // namespace interaction::grpc_transport
