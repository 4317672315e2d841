#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/event/loop.h"
#include "server/http/address_inbox.h"
#include "server/http/client.h"
#include "server/http/client_parts.h"
#include "server/http/endpoint.h"
#include "server/http/transfer.h"

namespace interaction::http {

// The Client there is: HTTP/1.1 over connections of its own. It owns the transfers, finds out where each leads, and
// tells their observers.
class Http1Client final : public Client,
                          private Transfer::Owner,
                          private event::Poll::Handler,
                          private event::Timers::Timer,
                          private event::Loop::EndOfTurn {
 public:
  Http1Client(const ClientOptions& options, Resolver* resolver, event::Loop* loop);
  ~Http1Client() override;

  absl::Status Init(const ClientOptions& options);

  absl::StatusOr<Endpoint*> AddEndpoint(const EndpointOptions& options) override;
  void Reconfigure(Endpoint* endpoint, const EndpointOptions& options) override { endpoint->Use(options); }
  Transfer* Send(Endpoint* endpoint, Request request, const TransferLimits& limits,
                 TransferObserver* observer) override;
  bool Cancel(Transfer* transfer) override;
  bool MayHaveBeenSent(const Transfer* transfer) const override { return transfer->may_have_been_sent(); }
  size_t in_flight() const override { return transfers_.size(); }

 private:
  struct Ended {
    Transfer* transfer;
    absl::StatusOr<Response> result;
  };

  void OnTransferEnd(Transfer* transfer, absl::StatusOr<Response> result) override;
  void OnEvents(uint32_t) override { TakeAnswers(loop_.clock().SteadyNow()); }  // of the inbox
  void OnDue() override;                                                        // for old connections
  void OnEndOfTurn() override;

  absl::Status Route(Transfer* transfer, SteadyTime now);
  void Ask(Origin* origin, SteadyTime now);
  void TakeAnswers(SteadyTime now);
  void Report(Transfer* transfer, absl::StatusOr<Response> result);
  void Release(Transfer* transfer);
  void SweepLater();

  Resolver* const resolver_;
  event::Loop& loop_;

  // Destroyed from below: transfers let go of their origins' connections, and those of the connector.
  ClientParts parts_;
  std::shared_ptr<AddressInbox> inbox_ = std::make_shared<AddressInbox>();
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // in flight, in no order
  bool in_send_ = false;
  std::deque<Ended> ended_;          // within Send(): to be reported at the end of the turn
  bool reports_soon_ = false;        // listed for the end of the turn
  std::optional<SteadyTime> sweep_;  // when connections that are too old are closed; listed in the loop
};

}  // namespace interaction::http
