#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/event/timers.h"
#include "server/http/batches.h"
#include "server/http/client.h"
#include "server/http/client_parts.h"
#include "server/http/connection.h"
#include "server/http/connector.h"
#include "server/http/message.h"
#include "server/http/origin.h"
#include "server/http/response_parser.h"
#include "server/http/transfer_error.h"

namespace interaction::http {

// One request and what comes of it, from the origin's connection to the response:
//
//   Begin -> [kResolving] -> [kConnecting -> kTlsHandshake] -> kExchanging -> the end, told to its owner once
//
// A request is written to one connection. Only when the connection turns out to be of no use before a byte was written
// does it take another. After its end it may begin anew, with another request.
class Transfer final : private Connector::Observer, private Connection::User, private event::Timers::Timer {
 public:
  class Owner {
   public:
    // The transfer has ended. It may begin anew from within.
    virtual void OnTransferEnd(Transfer* transfer, absl::StatusOr<Response> result) = 0;

   protected:
    ~Owner() = default;
  };

  // `endpoint` and `parts` outlive the transfer.
  Transfer(Endpoint* endpoint, ClientParts* parts);
  ~Transfer();  // nothing is told

  // Takes the request and starts its clock. An error if the request must not be sent.
  absl::Status Begin(Request request, const TransferLimits& limits, SteadyTime now, TransferObserver* observer,
                     Owner* owner);

  // Until the addresses of the origin are known. In time, Exchange() or Fail() is to be called.
  void WaitForAddresses(Origin* origin);

  // Sends the request to the origin and waits for its response.
  void Exchange(Origin* origin, SteadyTime now);

  // The steps of sending that Batches takes: appends the request to `*text`; with TLS only, what that becomes to
  // `*wire`; sends it, where false says that it was not sent, or not over that connection; and waits for the answer.
  void PrepareRequest(std::string* text);
  void EncryptRequest(absl::string_view text, std::string* wire);
  size_t MaxWireSize() const;  // neither appends more bytes
  ABSL_MUST_USE_RESULT bool SendRequest(absl::string_view wire);
  void ExpectAnswer();

  // And those of acting upon what was read. With TLS only, Decrypt() first; false: there is nothing to parse.
  bool has_tls() const { return origin_->has_tls(); }
  ABSL_MUST_USE_RESULT bool Decrypt(const Input& wire, Input* text);
  void Parse(Input input);

  // Ends the transfer.
  void Fail(absl::Status error) { End(std::move(error)); }

  // Ends the transfer without telling its owner.
  void Abandon();

  Endpoint* endpoint() const { return endpoint_; }
  const std::shared_ptr<const EndpointOptions>& options() const { return options_; }
  TransferObserver* observer() const { return observer_; }
  const std::string& url() const { return request_.url; }
  bool may_have_been_sent() const { return may_have_been_sent_; }

  size_t index = 0;  // in the client's list

 private:
  enum class State { kIdle, kResolving, kConnecting, kTlsHandshake, kExchanging };

  // Connector::Observer, event::Timers::Timer, Connection::User.
  void OnConnected(absl::StatusOr<int> fd) override;
  void OnDue() override;
  void OnConnectionReady(Connection* connection, uint32_t epoll_events) override;

  bool TakeConnection(SteadyTime now);
  void Connect(SteadyTime now);
  void ShakeHands();
  bool TakeAnotherConnection();
  void SendNow();
  bool Write(absl::string_view wire, SteadyTime now);
  bool WriteRest();
  void ReadResponse();
  void ReadWhatIsLeft();
  bool Read(Input* input);
  bool HasInput(Io io);
  void Conclude(ExchangeEnd end);
  void ReleaseConnection(bool reusable);
  void Detach();
  void LetGoOfRequest();
  void End(absl::StatusOr<Response> result);
  void SetTimer(SteadyTime due);
  void ClearTimer();

  Endpoint* const endpoint_;
  const std::shared_ptr<const EndpointOptions> options_;  // the endpoint's when this was made
  ClientParts& parts_;
  ResponseParser parser_;

  State state_ = State::kIdle;
  Request request_;
  SteadyTime deadline_ = 0;         // of what comes before the request is sent
  SteadyTime answer_deadline_ = 0;  // of all
  SteadyTime send_before_ = 0;
  TransferObserver* observer_ = nullptr;
  Owner* owner_ = nullptr;

  Origin* origin_ = nullptr;
  Connector::Attempt* attempt_ = nullptr;
  std::unique_ptr<Connection> connection_;
  bool connection_is_new_ = false;
  int spoiled_connections_ = 0;  // of no use before a byte was written
  std::string unsent_;           // of what is to be sent, once it is being written
  bool is_prepared_ = false;     // by PrepareRequest() for this connection
  bool in_batch_ = false;        // listed in the client's Batches
  bool may_have_been_sent_ = false;
  bool broke_sending_ = false;
  std::optional<SteadyTime> timer_;  // listed in the loop
};

}  // namespace interaction::http
