#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "server/http/address_policy.h"
#include "server/http/connector.h"
#include "server/http/curl_handles.h"
#include "server/http/sockets.h"

namespace interaction::http {

class CurlGroup;

// One connection being made: a libcurl handle that can be used for one attempt after another.
class CurlAttempt final : public Connector::Attempt {
 public:
  class Owner {
   public:
    virtual void OnCancel(CurlAttempt* attempt) = 0;

   protected:
    ~Owner() = default;
  };

  // Both outlive the attempt.
  CurlAttempt(Sockets* sockets, Owner* owner);

  // OK if libcurl could be given all options.
  absl::Status Prepare(const ConnectTarget& target, const ConnectOptions& options, Connector::Observer* observer);

  void Cancel() override { owner_.OnCancel(this); }

  // The socket, once libcurl has connected it. It is no longer libcurl's then.
  int TakeSocket();
  absl::Status FailureWith(int curl_code) const;

  void* easy() const { return easy_.get(); }
  Connector::Observer* observer() const { return observer_; }

  // The connector's notes.
  CurlGroup* group = nullptr;  // while libcurl has the attempt
  size_t index = 0;            // in the connector's list

 private:
  friend struct AttemptCallbacks;  // whose types need libcurl's header

  int SetOptions();

  Sockets& sockets_;
  Owner& owner_;
  const EasyHandle easy_;
  bool has_options_ = false;
  std::string url_;
  ListHandle resolve_;
  AddressPolicy address_policy_;
  Connector::Observer* observer_ = nullptr;
  bool via_proxy_ = false;
  bool address_forbidden_ = false;
  int socket_errno_ = 0;
  int taken_ = -1;  // the socket that was taken
};

}  // namespace interaction::http
