#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/http/address_inbox.h"
#include "server/http/client.h"
#include "server/http/curl_handles.h"
#include "server/http/endpoint.h"
#include "server/http/transfer.h"

namespace interaction::http {

// The Client there is: libcurl's multi interface, told about its sockets by our own epoll set.
//
// The way of a transfer: Send -> [kResolving: waits for its origin's addresses] -> [kSending: libcurl has it] ->
// kEnded: in `ended_` until Turn reports it. libcurl acts, and calls back, only within Act() and Stop(); observers are
// called by Report() alone, when no call into libcurl is on the stack; so an observer may use the client freely.
class CurlClient final : public Client {
 public:
  CurlClient(const ClientOptions& options, Resolver* resolver, const Clock* clock);
  ~CurlClient() override;

  absl::Status Init();

  absl::StatusOr<Endpoint*> AddEndpoint(const EndpointOptions& options) override;
  Transfer* Send(Endpoint* endpoint, Request request, const TransferLimits& limits,
                 TransferObserver* observer) override;
  bool Cancel(Transfer* transfer) override;
  bool MayHaveBeenSent(const Transfer* transfer) const override { return transfer->may_have_been_sent(); }
  bool Turn() override;
  int epoll_fd() const override { return connections_.events.epoll_fd(); }
  std::optional<SteadyTime> NextTimer() const override;
  size_t in_flight() const override { return transfers_.size(); }

 private:
  // The way of a transfer.
  absl::Status Route(Transfer* transfer, SteadyTime now);
  void Start(Transfer* transfer, SteadyTime now);
  void Stop(Transfer* transfer);
  void End(Transfer* transfer, absl::StatusOr<Response> result);
  void Release(Transfer* transfer);

  // Names.
  void Ask(Endpoint* endpoint, Origin* origin, SteadyTime now);
  bool TakeAnswers(SteadyTime now);
  bool EndOverdueLookups(SteadyTime now);

  // The parts of a turn. Each returns whether anything was done.
  bool RunTimers(SteadyTime now);
  bool ReadEvents(SteadyTime now);
  bool Report();
  void Sweep(SteadyTime now);

  void Act(int fd, int curl_events);
  void Reap();
  void LookForTimer(SteadyTime now);
  void FailAll();

  static int OnSocket(void* easy, int fd, int what, void* self, void* socket_data);

  Resolver* const resolver_;
  const Clock* const clock_;

  // Destroyed from below: handles leave the multi handle before it goes, and the endpoints' groups close their
  // connections while `connections_` can still take note of it.
  Connections connections_;
  std::shared_ptr<AddressInbox> inbox_ = std::make_shared<AddressInbox>();
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // in flight, in no order
  MultiHandle multi_;

  std::set<std::pair<SteadyTime, Transfer*>> resolving_;  // by deadline
  size_t questions_ = 0;                                  // that the resolver has yet to answer
  std::deque<Transfer*> ended_;                           // to be reported; nullptr: cancelled meanwhile
  bool work_waiting_ = false;                             // libcurl was given something and has not acted on it yet
  std::optional<SteadyTime> next_timer_;                  // of libcurl
  SteadyTime next_sweep_ = 0;                             // for connections that are too old
};

}  // namespace interaction::http
