#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/http/client.h"
#include "server/http/curl_handles.h"
#include "server/http/header_list.h"
#include "server/http/message.h"
#include "server/http/origin.h"
#include "server/http/response_reader.h"
#include "server/http/socket_events.h"
#include "server/http/transfer_error.h"

namespace interaction::http {

// The connections of a client, as far as a transfer needs to know them.
struct Connections {
  Connections(const Clock* its_clock, std::function<void(absl::string_view)> on_stray_bytes)
      : clock(its_clock), events(std::move(on_stray_bytes)) {}

  const Clock* const clock;
  SocketEvents events;
  size_t in_flight = 0;  // transfers given to libcurl
  size_t max_open = 0;
  size_t max_idle = 0;

  // Idle ones may be as many as `max_idle`, or as the transfers in flight: under load each will be used again soon.
  bool HasTooManyIdle() const {
    const size_t idle = events.open() > in_flight ? events.open() - in_flight : 0;
    return idle >= (max_idle > in_flight ? max_idle : in_flight);
  }
};

// A warm easy handle with all that one transfer after another needs around it: the request, which libcurl reads without
// copying it, the response being collected, what the callbacks saw. Waits in its endpoint's pool between transfers.
class Transfer {
 public:
  enum class State { kIdle, kResolving, kSending, kEnded };

  // `options` and `connections` outlive the transfer.
  Transfer(const EndpointOptions* options, Connections* connections);

  // OK if libcurl could be given all options of the endpoint.
  const absl::Status& status() const { return status_; }

  // A new life: takes the request and forgets everything about the last one. An error if the request must not be sent.
  absl::Status Begin(Request request, const TransferLimits& limits, SteadyTime now, TransferObserver* observer);

  // Tells libcurl what is particular to this transfer; then the handle can be added to a multi handle. With
  // `load_addresses` it takes the origin's addresses for the group, too.
  absl::Status Prepare(Origin* origin, ConnectionGroup* group, bool load_addresses, SteadyTime now);

  // libcurl has taken the addresses.
  void AddressesLoaded();

  // The handle is in no multi handle any more: leaves the group, which may be destroyed then.
  void LeaveGroup(SteadyTime now);

  // libcurl is done with it and nothing was sent, because something had arrived on the connection before the request:
  // it is to be prepared once more, for another connection.
  bool WantsAnotherConnection() const;

  // What came of it. Once, after libcurl is done with it.
  absl::StatusOr<Response> Conclude(int curl_code);

  // Lets go of the request and whatever came of it.
  void Reset();

  bool may_have_been_sent() const { return prereq_calls_ > 0; }
  const std::string& url() const { return request_.url; }
  SteadyTime deadline() const { return deadline_; }  // of what comes before the request is sent
  TransferObserver* observer() const { return observer_; }
  void* easy() const { return easy_.get(); }

  // The client's notes.
  State state = State::kIdle;
  Endpoint* endpoint = nullptr;
  Origin* origin = nullptr;
  ConnectionGroup* group = nullptr;
  size_t index = 0;                                          // in the client's list
  absl::StatusOr<Response> result = absl::UnknownError("");  // in kEnded

 private:
  static int OnPrereq(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  // The rest of the callbacks, whose types need libcurl's header.
  friend struct SocketCallbacks;

  int SetCallbacks();
  bool ClaimConnection(int local_port);
  void DecideOnReuse();
  TransferFacts Facts(int curl_code) const;
  Stage StageReached() const;

  const EndpointOptions& options_;
  Connections& connections_;
  const UrlHandle url_;
  const EasyHandle easy_;
  absl::Status status_;

  Request request_;
  HeaderList headers_;
  SteadyTime deadline_ = 0;
  SteadyTime answer_deadline_ = 0;
  SteadyTime send_before_ = 0;
  TransferObserver* observer_ = nullptr;

  // What libcurl was told last, so as not to tell it again.
  std::string told_url_;
  bool told_via_proxy_ = false;
  bool told_no_reuse_ = false;
  bool told_new_connection_ = false;
  long told_max_age_;  // CURLOPT_MAXAGE_CONN

  // What the callbacks saw.
  int prereq_calls_ = 0;
  int socket_ = -1;  // that the request was written to
  int spoiled_connections_ = 0;
  bool spoiled_ = false;  // the last connection was: something had arrived there before the request
  int socket_errno_ = 0;
  bool address_forbidden_ = false;
  bool too_late_to_send_ = false;
  ResponseReader reader_;
  char error_text_[256] = "";  // CURL_ERROR_SIZE. Never shown: it names hosts and addresses
};

}  // namespace interaction::http
