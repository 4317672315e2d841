#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "interaction/v1/interaction_service.grpc.pb.h"
#include "tests/support/sockets.h"

namespace interaction::testing {

// What the client sent with one call.
struct SeenCall {
  std::multimap<std::string, std::string> metadata;
  std::chrono::system_clock::time_point deadline;
};

// A gateway in this process, on a free port of the loopback interface: the test decides each answer. Thread-safe.
class FakeGateway {
 public:
  using CreateVsp = std::function<grpc::Status(grpc::ServerContext&, const v1::CreateVspInteractionRequest&,
                                               v1::CreateVspInteractionResponse&)>;
  using AddWolkvox = std::function<grpc::Status(grpc::ServerContext&, const v1::AddWolkvoxInteractionRequest&,
                                                v1::AddWolkvoxInteractionResponse&)>;
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Answers OK and empty replies until told otherwise.
  explicit FakeGateway(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeGateway();

  std::string target() const;

  void OnCreateVsp(CreateVsp answer) { service_.create_vsp = std::move(answer); }
  void OnAddWolkvox(AddWolkvox answer) { service_.add_wolkvox = std::move(answer); }
  void SetHealth(const std::string& service, ServingStatus status) { health_.statuses[service] = status; }

  // The calls of the service that arrived, retries included.
  std::vector<SeenCall> calls() const;

 private:
  struct Service : v1::InteractionService::Service {
    grpc::Status CreateVspInteraction(grpc::ServerContext* context, const v1::CreateVspInteractionRequest* request,
                                      v1::CreateVspInteractionResponse* reply) override;
    grpc::Status AddWolkvoxInteraction(grpc::ServerContext* context, const v1::AddWolkvoxInteractionRequest* request,
                                       v1::AddWolkvoxInteractionResponse* reply) override;
    void Record(const grpc::ServerContext& context);

    CreateVsp create_vsp = [](auto&&...) { return grpc::Status::OK; };
    AddWolkvox add_wolkvox = [](auto&&...) { return grpc::Status::OK; };
    mutable std::mutex mutex;
    std::vector<SeenCall> calls;
  };
  struct Health : grpc::health::v1::Health::Service {
    grpc::Status Check(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                       grpc::health::v1::HealthCheckResponse* reply) override;
    std::map<std::string, ServingStatus> statuses;
  };

  Service service_;
  Health health_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// A gateway that dies in the middle of each call: it takes the request, then closes the connection without an answer,
// as a process that is killed does. Only the very first request, with which the client sees whether anybody is there,
// is answered: UNIMPLEMENTED.
class DyingGateway {
 public:
  DyingGateway();
  ~DyingGateway();

  std::string target() const;
  int deaths() const { return deaths_; }  // requests that had arrived completely

 private:
  void Run();
  void ServeOne(const Fd& connection);
  bool SetConnection(int connection);  // false: it is not to be served

  const Fd listener_;
  std::mutex mutex_;
  int connection_ = -1;  // that is being served
  bool is_ending_ = false;
  bool answered_ = false;
  std::atomic<int> deaths_{0};
  std::thread thread_;
};

}  // namespace interaction::testing
