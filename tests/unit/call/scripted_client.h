#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/client.h"

namespace interaction::testing {

// An HTTP client whose requests go nowhere: a test looks at them and decides what comes of each. On the lane's thread.
class ScriptedClient final : public http::Client {
 public:
  struct Sent {
    http::Request request;
    http::TransferLimits limits;
    http::TransferObserver* observer = nullptr;  // null: over
    bool may_have_been_sent = false;             // bytes have left; set by the test
    bool cancelled = false;
  };

  // The requests so far, in order.
  std::deque<Sent>& sent() { return sent_; }

  // Ends a request. Its observer is told at once.
  void End(size_t index, absl::StatusOr<http::Response> result) {
    std::exchange(sent_.at(index).observer, nullptr)->OnTransferDone(std::move(result));
  }

  absl::StatusOr<http::Endpoint*> AddEndpoint(const http::EndpointOptions&) override { return nullptr; }
  void Reconfigure(http::Endpoint*, const http::EndpointOptions&) override {}
  http::Transfer* Send(http::Endpoint*, http::Request request, const http::TransferLimits& limits,
                       http::TransferObserver* observer) override {
    sent_.push_back({.request = std::move(request), .limits = limits, .observer = observer});
    return reinterpret_cast<http::Transfer*>(&sent_.back());
  }
  bool Cancel(http::Transfer* transfer) override {
    Sent& sent = *reinterpret_cast<Sent*>(transfer);
    sent.observer = nullptr;
    sent.cancelled = true;
    return sent.may_have_been_sent;
  }
  bool MayHaveBeenSent(const http::Transfer* transfer) const override {
    return reinterpret_cast<const Sent*>(transfer)->may_have_been_sent;
  }
  size_t in_flight() const override { return 0; }

 private:
  std::deque<Sent> sent_;  // stays where it is when it grows
};

}  // namespace interaction::testing
