#include "server/front/connection.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/front/front_call.h"

namespace interaction::front {
namespace {

using Io = tls::Socket::Result;

// Read from one connection before others have their turn.
constexpr size_t kReadBytes = 64 << 10;
constexpr int kReadsPerTurn = 4;

// The same, once, from one that has not yet shown that it behaves as clients do: a few bytes can stand for a lot of
// work, and such a client may send them for no other reason.
constexpr size_t kReadBytesAtFirst = 512;

// Given out by the session in one go: what one write(2) takes.
constexpr size_t kWriteBytes = 64 << 10;

// How long a client may take to confirm that its connection ends. Calls that it sends meanwhile are taken; one that
// stands still for longer loses those that it sends afterwards.
constexpr int64_t kGoawayTicks = 5;

int64_t Ticks(absl::Duration duration) { return absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))); }

}  // namespace

ClientSocket::~ClientSocket() {
  tls.End();
  close(tls.fd());
}

Connection::Connection(int fd, std::string peer, limits::UseCount::Use place, int64_t max_age_ticks,
                       const Context* context)
    : socket_(std::make_shared<ClientSocket>(fd)),
      place_(std::move(place)),
      context_(context),
      session_(h2::Session::Create(context->options->session, this)),
      peer_(std::make_shared<const Peer>(Peer{.address = std::move(peer), .caller = {}})),
      max_age_(max_age_ticks) {}

Connection::~Connection() {
  if (!closed_) Close();
}

bool Connection::Open() {
  if (const auto& tls = context_->tls) {
    if (!socket().Accept(*tls)) return false;
    shaking_hands_ = true;
  }
  watched_ = EPOLLIN;
  if (!context_->lane->poll().Add(socket().fd(), watched_, this).ok()) {
    return false;
  }
  is_open_ = true;
  if (!shaking_hands_) WriteSoon();  // the session's settings
  return true;
}

void Connection::Close() {
  closed_ = true;
  if (std::exchange(writing_soon_, true))
    context_->lane->loop().RemoveFromEndOfTurn(this);  // from now on nothing is written
  if (is_open_) context_->lane->poll().Remove(socket().fd(), this);
  session_->CloseAll();
  socket_->is_abandoned = true;
}

// --- the socket ----------------------------------------------------------------------------------------------------

void Connection::OnEvents(uint32_t events) {
  bool alive = true;
  if (on_thread_ || (events & (EPOLLHUP | EPOLLERR)) != 0) {
    alive = false;  // no answer would arrive
  } else if (shaking_hands_) {
    alive = ShakeHands();
  } else if ((events & EPOLLIN) != 0) {
    alive = Read();
  }
  if (alive && !shaking_hands_ && (events & EPOLLOUT) != 0) alive = Flush();
  if (alive) return;
  Close();
  context_->on_closed(this);
}

// False if the connection is over.
bool Connection::ShakeHands() {
  const bool holds_up_calls = context_->calls_open->load(std::memory_order_relaxed) > 0;
  if (!holds_up_calls) return AfterStep(socket().Handshake());
  StepOnThread();
  return true;
}

void Connection::StepOnThread() {
  on_thread_ = true;
  Watch(0);
  context_->handshake_threads->Run([this, socket = socket_, lane = context_->lane] {
    if (socket->is_abandoned) return;
    const Io result = socket->tls.Handshake();
    lane->Execute([this, socket, result] {
      if (socket->is_abandoned) return;  // so is this connection
      on_thread_ = false;
      if (AfterStep(result)) return;
      Close();
      context_->on_closed(this);
    });
  });
}

// False if the connection is over.
bool Connection::AfterStep(Io result) {
  switch (result) {
    case Io::kDone:
      shaking_hands_ = false;
      TakeCaller();
      Watch(EPOLLIN);
      WriteSoon();  // the session's settings
      return Read();
    case Io::kWantsRead:
      Watch(EPOLLIN);
      return true;
    case Io::kWantsWrite:
      Watch(EPOLLOUT);
      return true;
    case Io::kClosed:
    case Io::kFailed:
      ReportHandshakeFailure(socket().handshake_failure());
      return false;
  }
  return false;
}

void Connection::TakeCaller() {
  std::string identity = socket().stream().peer_identity();
  if (identity.empty()) return;
  peer_ = std::make_shared<const Peer>(
      Peer{.address = peer_->address, .caller = {.proof = auth::Proof::kCertificate, .identity = std::move(identity)}});
}

// False if the connection is over.
bool Connection::Read() {
  if (session_->is_usual()) return ReadUpTo(kReadBytes, kReadsPerTurn);
  if (!context_->unusual_reads->Begin()) {
    ReadSoonIfBuffered();
    return true;
  }
  const bool alive = ReadUpTo(kReadBytesAtFirst, 1);
  context_->unusual_reads->End();
  return alive;
}

bool Connection::ReadUpTo(size_t bytes, int times) {
  thread_local std::array<char, kReadBytes> buffer;
  for (int i = 0; i < times; ++i) {
    size_t size = 0;
    bool drained = false;
    const Io io = socket().Read(buffer.data(), bytes, &size, &drained);
    if (io != Io::kDone) return io == Io::kWantsRead;
    const absl::Status status = session_->Receive({buffer.data(), size});
    WriteSoon();
    if (!status.ok()) {
      ReportEnd(status.message());
      ending_ = true;
      Watch(watched_ & ~EPOLLIN);
      return true;
    }
    if (drained) return true;
  }
  ReadSoonIfBuffered();  // after the others
  return true;
}

void Connection::ReadSoonIfBuffered() {
  reading_soon_ = socket().HasBufferedInput();
  if (reading_soon_) WriteSoon();
}

// During a handshake there is no way to write yet; its end calls this again.
void Connection::WriteSoon() {
  if (shaking_hands_) return;
  if (std::exchange(writing_soon_, true)) return;
  context_->lane->loop().RunAtEndOfTurn(this);
}

void Connection::OnEndOfTurn() {
  writing_soon_ = false;
  bool alive = true;
  if (std::exchange(reading_soon_, false) && !ending_) alive = Read();
  if (alive && Flush()) return;
  Close();
  context_->on_closed(this);
}

// Writes what the session has. False if the connection is over.
bool Connection::Flush() {
  while (true) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
      session_->NextBytes(&out_, kWriteBytes);
      if (out_.empty()) break;
    }
    size_t size = 0;
    const Io io = socket().Write(absl::string_view(out_).substr(written_), &size);
    written_ += size;
    if (io == Io::kWantsWrite) {
      // A client that does not read its answers is not read from either: its bytes stay bounded.
      Watch(EPOLLOUT);
      return true;
    }
    if (io != Io::kDone) return false;
  }
  if (ending_ || session_->ended()) return false;
  if (watched_ == EPOLLOUT) ReadSoonIfBuffered();
  Watch(EPOLLIN);
  return true;
}

void Connection::Watch(uint32_t events) {
  if (events == watched_) return;
  watched_ = events;
  context_->lane->poll().Modify(socket().fd(), events, this);
}

void Connection::ReportEnd(absl::string_view why) const {
  if (context_->log == nullptr) return;
  context_->log->Log(telemetry::LogLevel::kInfo, "connection ended by the gateway",
                     {{"peer", peer_->address}, {"reason", why}});
}

// Who only looks whether the port is open says nothing, and is not worth a line.
void Connection::ReportHandshakeFailure(const tls::HandshakeFailure& failure) const {
  if (context_->counters) context_->counters->Add(telemetry::Counter::kHandshakesFailed);
  if (context_->log == nullptr || failure.kind == tls::HandshakeFailure::Kind::kBroken) return;
  const SteadyTime now = context_->lane->clock().SteadyNow();
  if (context_->handshake_failures->Judge(now) != telemetry::LineLimit::Verdict::kWrite) return;
  context_->log->Log(telemetry::LogLevel::kInfo, "TLS handshake failed",
                     {{"peer", peer_->address}, {"reason", failure.what}});
}

// --- the calls -----------------------------------------------------------------------------------------------------

FrontCall* Connection::Find(h2::StreamId stream) const {
  const auto found = calls_.find(stream);
  return found == calls_.end() ? nullptr : found->second;
}

void Connection::OnRequest(h2::StreamId stream, const h2::RequestHead& head) {
  Serve(std::make_unique<FrontCall>(this, stream, &head));
}

void Connection::Serve(std::unique_ptr<FrontCall> call) {
  had_request_ = true;
  last_call_ = age_;
  calls_.emplace(call->stream(), call.get());
  const rpc::Methods::Method& method = context_->methods->Find(call->path());
  lane::Spawn(method.handler(std::move(call), context_->calls));
}

void Connection::OnMessage(h2::StreamId stream, std::string message) {
  if (FrontCall* const call = Find(stream)) call->OnMessage(std::move(message));
}

void Connection::OnHalfClosed(h2::StreamId stream) {
  if (FrontCall* const call = Find(stream)) call->OnHalfClosed();
}

void Connection::OnRefused(h2::StreamId stream, const h2::RequestHead& head, const h2::Refusal& refusal) {
  if (FrontCall* const call = Find(stream)) return call->OnRefused(refusal);
  auto call = std::make_unique<FrontCall>(this, stream, &head);
  call->OnRefused(refusal);
  Serve(std::move(call));
}

void Connection::OnDrained(h2::StreamId stream) {
  if (FrontCall* const call = Find(stream)) call->OnDrained();
}

void Connection::OnClosed(h2::StreamId stream, h2::StreamEnd end) {
  const auto found = calls_.find(stream);
  if (found == calls_.end()) return;
  FrontCall* const call = found->second;
  calls_.erase(found);
  call->OnClosed(end);
}

// --- time ----------------------------------------------------------------------------------------------------------

void Connection::BeginGoaway() {
  if (goaway_ >= 0) return;
  goaway_ = age_;
  session_->BeginGoaway();
  WriteSoon();
}

bool Connection::client_knows_of_end() const { return goaway_ >= 0 && session_->goaway_acknowledged(); }

bool Connection::IsOverdue() const {
  const Options& options = *context_->options;
  if (shaking_hands_ && age_ > Ticks(options.handshake_time)) return true;
  if (!had_request_ && age_ > Ticks(options.first_request_time)) return true;
  if (goaway_ >= 0 && age_ - goaway_ > Ticks(options.longest_call)) return true;
  return !session_->ping_acknowledged() && age_ - last_ping_ > Ticks(options.longest_call);
}

void Connection::Tick() {
  ++age_;
  session_->Tick();
  if (IsOverdue()) {
    if (shaking_hands_) ReportHandshakeFailure({tls::HandshakeFailure::Kind::kRefused, "it took too long"});
    Close();
    return context_->on_closed(this);
  }
  const Options& options = *context_->options;
  const bool is_idle = calls_.empty() && age_ - last_call_ > Ticks(options.max_idle);
  if (age_ > max_age_ || is_idle) BeginGoaway();
  if (goaway_ >= 0 && !goaway_finished_ && (session_->goaway_acknowledged() || age_ - goaway_ >= kGoawayTicks)) {
    goaway_finished_ = true;
    session_->FinishGoaway();
    WriteSoon();
  }
  if (session_->ping_acknowledged() && age_ - last_ping_ >= Ticks(options.ping_every)) {
    last_ping_ = age_;
    session_->Ping();
    WriteSoon();
  }
  TickCalls();
}

// Messages that are overdue, and deadlines of callers that did not end their calls themselves.
void Connection::TickCalls() {
  if (calls_.empty()) return;
  const SteadyTime now = context_->lane->clock().SteadyNow();
  const SteadyTime message_time = absl::ToInt64Nanoseconds(context_->options->message_time);
  std::vector<FrontCall*> late, expired;
  for (const auto& [stream, call] : calls_) {
    const std::optional<absl::Duration> left = call->time_left();
    if (left && *left < -absl::Seconds(1)) expired.push_back(call);
    if (call->waits_for_message() && now - call->arrived() > message_time) late.push_back(call);
  }
  for (FrontCall* const call : expired) call->Abort();
  for (FrontCall* const call : late) call->GiveUpReading();
}

}  // namespace interaction::front
