#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/http/connector.h"
#include "server/http/sockets.h"

namespace interaction::http {

// A connection being made to one address, without a proxy: a socket, and the wait until it is connected. Times out only
// as the kernel does; its observer cancels it.
class TcpAttempt final : public Connector::Attempt, private event::Poll::Handler {
 public:
  class Owner {
   public:
    // The attempt has ended. It is to be destroyed.
    virtual void OnTcpAttemptEnd(TcpAttempt* attempt, absl::StatusOr<int> fd) = 0;
    virtual void OnTcpAttemptCancel(TcpAttempt* attempt) = 0;

   protected:
    ~Owner() = default;
  };

  // `ip`: without brackets; allowed by the policy. All outlive the attempt. Fails when the kernel has no way there, or
  // no socket for it.
  static absl::StatusOr<std::unique_ptr<TcpAttempt>> Start(const std::string& ip, int port, event::Poll* poll,
                                                           Sockets* sockets, Connector::Observer* observer,
                                                           Owner* owner);
  ~TcpAttempt() override;

  void Cancel() override { owner_.OnTcpAttemptCancel(this); }
  Connector::Observer* observer() const { return observer_; }

  size_t index = 0;  // in the connector's list

 private:
  TcpAttempt(int fd, event::Poll* poll, Sockets* sockets, Connector::Observer* observer, Owner* owner)
      : fd_(fd), poll_(*poll), sockets_(*sockets), observer_(observer), owner_(*owner) {}

  void OnEvents(uint32_t events) override;

  int fd_;  // -1: handed over
  event::Poll& poll_;
  Sockets& sockets_;
  Connector::Observer* const observer_;
  Owner& owner_;
};

}  // namespace interaction::http
