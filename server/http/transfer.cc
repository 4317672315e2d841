#include "server/http/transfer.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/base/errors.h"
#include "server/base/secret.h"
#include "server/http/endpoint.h"
#include "server/http/request_text.h"

namespace interaction::http {
namespace {

// An upstream that speaks first on new connections too would make a transfer go on for ever.
constexpr int kMaxSpoiledConnections = 3;

ExchangeEnd EndOf(ResponseParser::State state) {
  switch (state) {
    case ResponseParser::State::kComplete:
      return ExchangeEnd::kComplete;
    case ResponseParser::State::kProtocolError:
      return ExchangeEnd::kProtocolError;
    case ResponseParser::State::kTooLarge:
      return ExchangeEnd::kTooLarge;
    case ResponseParser::State::kTruncated:
    case ResponseParser::State::kMore:
      return ExchangeEnd::kTruncated;
  }
  return ExchangeEnd::kTruncated;
}

}  // namespace

Transfer::Transfer(Endpoint* endpoint, ClientParts* parts)
    : endpoint_(endpoint),
      options_(endpoint->options()),
      parts_(*parts),
      parser_(options_->max_header_bytes, options_->max_response_bytes) {}

Transfer::~Transfer() { Abandon(); }

absl::Status Transfer::Begin(Request request, const TransferLimits& limits, SteadyTime now, TransferObserver* observer,
                             Owner* owner) {
  request_ = std::move(request);
  deadline_ = now + absl::ToInt64Nanoseconds(limits.timeout);
  answer_deadline_ = deadline_ + absl::ToInt64Nanoseconds(limits.extra_for_answer);
  send_before_ = limits.send_before;
  observer_ = observer;
  owner_ = owner;
  spoiled_connections_ = 0;
  may_have_been_sent_ = broke_sending_ = false;
  return IsSendable(request_) ? absl::OkStatus() : NotSendable();
}

void Transfer::WaitForAddresses(Origin* origin) {
  state_ = State::kResolving;
  origin_ = origin;
  ++origin_->transfers;
  origin_->waiting.push_back(this);
  SetTimer(deadline_);
}

void Transfer::Exchange(Origin* origin, SteadyTime now) {
  if (origin_ == nullptr) {
    origin_ = origin;
    ++origin_->transfers;
  }
  ++parts_.busy;
  state_ = State::kConnecting;
  if (!TakeConnection(now)) return;
  in_batch_ = true;
  parts_.batches->SendLater(this);
}

// An idle one, if there is any. False: none is there yet.
bool Transfer::TakeConnection(SteadyTime now) {
  connection_ = origin_->TakeIdle(now);
  if (connection_ == nullptr) {
    Connect(now);
    return false;
  }
  connection_is_new_ = false;
  connection_->SetUser(this);
  return true;
}

void Transfer::Connect(SteadyTime now) {
  // At most half of the time that is left, so that there is time to answer.
  const SteadyTime timeout =
      std::max<SteadyTime>(std::min(absl::ToInt64Nanoseconds(options_->connect_timeout), (deadline_ - now) / 2), 1);
  state_ = State::kConnecting;
  SetTimer(now + timeout);
  const absl::StatusOr<Connector::Attempt*> attempt = parts_.connector->Start(
      origin_->connect_target(), {.timeout = absl::Nanoseconds(timeout), .address_policy = options_->address_policy},
      this);
  if (!attempt.ok()) return End(attempt.status());
  attempt_ = *attempt;
}

void Transfer::OnConnected(absl::StatusOr<int> fd) {
  attempt_ = nullptr;
  if (!fd.ok()) return End(fd.status());
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(*fd, &parts_.loop->poll(), parts_.connector.get(), parts_.loop->clock().SteadyNow());
  if (!connection.ok()) return End(connection.status());
  connection_ = *std::move(connection);
  connection_is_new_ = true;
  connection_->SetUser(this);
  if (!origin_->has_tls()) return SendNow();
  state_ = State::kTlsHandshake;
  if (!connection_->socket().Connect(*options_->tls, origin_->host(), origin_->sessions())) {
    return End(OutOfResources());
  }
  ShakeHands();
}

void Transfer::ShakeHands() {
  switch (connection_->socket().Handshake()) {
    case Io::kDone:
      return SendNow();
    case Io::kWantsRead:
      return connection_->WatchForRoom(false);
    case Io::kWantsWrite:
      return connection_->WatchForRoom(true);
    case Io::kClosed:
    case Io::kFailed:
      return End(HandshakeError(connection_->socket().handshake_failure()));
  }
}

size_t Transfer::MaxWireSize() const {
  // The request line and the headers that AppendRequest() adds; and a TLS record, of at most 16 KiB, adds up to 256
  // bytes.
  constexpr size_t kRest = 512;
  size_t size = request_.url.size() + origin_->host_header().size() + endpoint_->proxy_authorization().size() +
                request_.body.size() + kRest;
  for (const Header& header : request_.headers) size += header.name.size() + header.value.size() + strlen(": \r\n");
  return size + size / 64;
}

void Transfer::PrepareRequest(std::string* text) {
  const bool to_proxy = origin_->via_proxy() && !origin_->has_tls();
  const absl::string_view url = request_.url;
  parser_.Reset();
  AppendRequest(request_,
                {.target = to_proxy ? url : url.substr(origin_->key().size()),
                 .host = origin_->host_header(),
                 .proxy_authorization = to_proxy ? endpoint_->proxy_authorization() : ""},
                text);
  is_prepared_ = true;
}

void Transfer::EncryptRequest(absl::string_view text, std::string* wire) {
  is_prepared_ = connection_->socket().Encrypt(text, wire);
}

// On a connection that is new, or instead of one that was of no use.
void Transfer::SendNow() {
  std::string text;
  text.reserve(MaxWireSize());  // growing would leave copies of secrets behind
  PrepareRequest(&text);
  std::string wire;
  if (origin_->has_tls()) EncryptRequest(text, &wire);
  if (SendRequest(origin_->has_tls() ? wire : text)) ExpectAnswer();
  Wipe(&text);
}

bool Transfer::SendRequest(absl::string_view wire) {
  in_batch_ = false;
  if (!is_prepared_) return TakeAnotherConnection();
  const SteadyTime now = parts_.loop->clock().SteadyNow();
  const Io input = connection_->socket().LookForInput();
  if (input == Io::kDone) {  // it would pass for the answer
    origin_->ReportStrayBytes();
    return TakeAnotherConnection();
  }
  if (input != Io::kWantsRead && !connection_is_new_) return TakeAnotherConnection();
  if (input != Io::kWantsRead && origin_->has_tls()) {  // it ended with the handshake
    End(HandshakeError({}));
    return false;
  }
  // A new connection without TLS that the upstream has ended is written to: it may still read.
  // This process may have stood still since the call was let through.
  if (now >= send_before_) {
    ReleaseConnection(/*reusable=*/!origin_->has_tls());  // what was encrypted for it would be missed
    End(Error(Reason::kIdempotencyLeaseExpired).In(Phase::kConnect));
    return false;
  }
  return Write(wire, now);
}

// Only as long as no byte was written. Returns false, as whoever calls it has not sent anything over this one.
bool Transfer::TakeAnotherConnection() {
  connection_.reset();
  if (connection_is_new_ && ++spoiled_connections_ >= kMaxSpoiledConnections) {
    End(Error(origin_->via_proxy() ? Reason::kEgressProxyFailed : Reason::kUpstreamConnectFailed).In(Phase::kConnect));
  } else if (TakeConnection(parts_.loop->clock().SteadyNow())) {
    SendNow();
  }
  return false;
}

bool Transfer::Write(absl::string_view wire, SteadyTime now) {
  size_t count = 0;
  const Io io = connection_->socket().Send(wire, &count);
  // A kept connection that the upstream has closed meanwhile: not a byte has left.
  if (io == Io::kFailed && !connection_is_new_) return TakeAnotherConnection();
  state_ = State::kExchanging;
  may_have_been_sent_ = in_batch_ = true;
  answer_deadline_ = std::max(answer_deadline_, now + 1'000'000);
  unsent_.assign(wire.data() + count, wire.size() - count);
  broke_sending_ = io == Io::kFailed;
  return true;
}

void Transfer::ExpectAnswer() {
  in_batch_ = false;
  SetTimer(answer_deadline_);
  if (unsent_.empty()) LetGoOfRequest();  // thousands may be waiting for their answers
  connection_->WatchForRoom(!unsent_.empty() && !broke_sending_);
  if (broke_sending_) ReadWhatIsLeft();
}

void Transfer::OnConnectionReady(Connection*, uint32_t epoll_events) {
  if (state_ == State::kTlsHandshake) return ShakeHands();
  if (state_ != State::kExchanging) return;  // SendRequest() will look for input
  if ((epoll_events & EPOLLOUT) != 0 && !unsent_.empty() && !broke_sending_) {
    if (!WriteRest()) return ReadWhatIsLeft();
  }
  if ((epoll_events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) ReadResponse();
}

// False: the connection is broken.
bool Transfer::WriteRest() {
  size_t count = 0;
  const Io io = connection_->socket().Send(unsent_, &count);
  unsent_.erase(0, count);
  broke_sending_ = io == Io::kFailed;
  connection_->WatchForRoom(io == Io::kWantsWrite);
  return !broke_sending_;
}

void Transfer::ReadResponse() {
  const absl::Span<char> room = parts_.batches->Room();
  Input input;
  size_t count = 0;
  const Io io = connection_->socket().Receive(room.data(), room.size(), &count, &input.drained);
  if (!HasInput(io)) return;
  input.bytes = {room.data(), count};
  in_batch_ = true;
  parts_.batches->ParseLater(this, input);
}

bool Transfer::Decrypt(const Input& wire, Input* text) {
  in_batch_ = false;
  connection_->socket().Decrypt(wire.bytes);
  if (!Read(text)) return false;
  in_batch_ = true;
  return true;
}

void Transfer::ReadWhatIsLeft() {
  Input input;
  if (Read(&input)) Parse(input);
}

void Transfer::Parse(Input input) {
  in_batch_ = false;
  do {
    const ResponseParser::State state = parser_.Feed(input.bytes);
    if (state != ResponseParser::State::kMore) return Conclude(EndOf(state));
  } while (!input.drained && Read(&input));
}

// False: nothing came, or the transfer has ended.
bool Transfer::Read(Input* input) {
  const absl::Span<char> room = parts_.batches->Room();
  size_t count = 0;
  const Io io = connection_->socket().Read(room.data(), room.size(), &count, &input->drained);
  if (!HasInput(io)) return false;
  input->bytes = {room.data(), count};
  return true;
}

// What came of reading. False: nothing, and if nothing can come any more, the transfer has ended.
bool Transfer::HasInput(Io io) {
  switch (io) {
    case Io::kDone:
      return true;
    case Io::kWantsRead:
    case Io::kWantsWrite:
      if (broke_sending_) Conclude(ExchangeEnd::kReset);
      return false;
    case Io::kClosed:
      Conclude(EndOf(parser_.End()));
      return false;
    case Io::kFailed:
      Conclude(ExchangeEnd::kReset);
      return false;
  }
  return false;
}

void Transfer::Conclude(ExchangeEnd end) {
  if (broke_sending_ && parser_.status() == 0) end = ExchangeEnd::kBrokeSending;
  const absl::Status status = Judge(end, parser_.status(), parser_.headers_complete());
  const bool complete = end == ExchangeEnd::kComplete;
  if (complete && parser_.has_bytes_left_over()) origin_->ReportStrayBytes();
  if (complete) origin_->TakeKeepAlive(parser_.keep_alive());
  ReleaseConnection(complete && parser_.keeps_connection() && !parser_.has_bytes_left_over() && unsent_.empty());
  if (!status.ok()) return End(status);
  Response response = parser_.Take();
  response.body_truncated = !complete;
  End(std::move(response));
}

void Transfer::ReleaseConnection(bool reusable) {
  // Whatever has been read from the socket besides the response must be no more than a session ticket.
  if (connection_->socket().HasBufferedInput() && connection_->socket().LookForInput() != Io::kWantsRead)
    reusable = false;
  if (reusable) origin_->Keep(std::move(connection_), parts_.loop->turn_time());
  connection_.reset();
}

void Transfer::OnDue() {
  timer_.reset();
  switch (state_) {
    case State::kResolving:
      return End(TimedOutBeforeSending(Stage::kResolving));
    case State::kConnecting:
      return End(TimedOutBeforeSending(Stage::kConnecting));
    case State::kTlsHandshake:
      return End(TimedOutBeforeSending(Stage::kTlsHandshake));
    case State::kExchanging:
      return Conclude(ExchangeEnd::kTimedOut);
    case State::kIdle:
      return;
  }
}

void Transfer::Abandon() {
  if (state_ == State::kIdle) return;
  Detach();
}

// Lets go of all that it has of the client.
void Transfer::Detach() {
  ClearTimer();
  if (std::exchange(in_batch_, false)) parts_.batches->Forget(this);
  if (state_ == State::kResolving) std::erase(origin_->waiting, this);
  if (state_ > State::kResolving) --parts_.busy;
  if (attempt_ != nullptr) std::exchange(attempt_, nullptr)->Cancel();
  connection_.reset();
  LetGoOfRequest();
  Wipe(&unsent_);
  std::string().swap(unsent_);
  if (origin_ != nullptr) --std::exchange(origin_, nullptr)->transfers;
  state_ = State::kIdle;
}

// An assignment would keep the memory of its body, as long as the transfer is spare. The vendor's secret is in the body
// or in a header, and must not stay in memory that is free.
void Transfer::LetGoOfRequest() {
  Request gone = std::move(request_);
  Wipe(&gone.body);
  for (Header& header : gone.headers) Wipe(&header.value);
}

void Transfer::End(absl::StatusOr<Response> result) {
  Detach();
  owner_->OnTransferEnd(this, std::move(result));
}

void Transfer::SetTimer(SteadyTime due) {
  ClearTimer();
  timer_ = due;
  parts_.loop->timers().Add(due, this);
}

void Transfer::ClearTimer() {
  if (timer_) parts_.loop->timers().Remove(*timer_, this);
  timer_.reset();
}

}  // namespace interaction::http
