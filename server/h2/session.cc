#include "server/h2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/h2/foreign_protocol.h"
#include "server/h2/message_reader.h"
#include "server/h2/outgoing.h"
#include "server/h2/token_bucket.h"

namespace interaction::h2 {
namespace {

// Answers to PING and SETTINGS that may wait to be sent: more than the frames that fit into what a transport reads in
// one go, so that a client that reads its answers never reaches it.
constexpr size_t kMaxWaitingAcks = 5000;
constexpr size_t kMaxSettingsEntries = 32;

// Streams whose memory is kept for the next request.
constexpr size_t kSpareStreams = 64;

nghttp2_nv Constant(absl::string_view name, absl::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

absl::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// One request and its answer.
struct Stream {
  StreamId id = 0;
  HeaderReader headers;
  MessageReader reader;
  Outgoing out;
  bool announced = false;    // OnRequest or OnRefused was called
  bool accepting = true;     // messages are read
  bool reading = true;       // SetReading
  bool half_closed = false;  // by the client
  bool has_head = false;     // the headers are complete
  bool finished = false;     // Finish was called
  bool begun = false;        // the answer's headers were submitted
  bool deferred = false;     // nghttp2 waits for resume_data
  size_t headers_seen = 0;   // those that are left out included
  size_t unconsumed = 0;     // bytes of DATA for which the client has not got new window
  uint64_t opened_tick = 0;
};

class NgSession final : public Session {
 public:
  NgSession(const SessionOptions& options, SessionHandler* handler);
  ~NgSession() override {
    nghttp2_session_del(session_);
    for (Stream* const stream : open_) delete stream;
  }

  absl::Status Receive(absl::string_view bytes) override;
  void CloseAll() override;
  void WriteMessage(StreamId stream, absl::string_view message) override;
  void Finish(StreamId stream, std::optional<absl::string_view> message, const Trailers& trailers) override;
  void Reset(StreamId stream) override;
  size_t unsent_bytes(StreamId stream) const override;
  void SetReading(StreamId stream, bool reading) override;
  void NextBytes(std::string* out, size_t room) override;
  bool HasBytes() const override {
    return session_ != nullptr ? nghttp2_session_want_write(session_) != 0 : !foreign_answer_.empty();
  }
  void BeginGoaway() override;
  void FinishGoaway() override;
  bool goaway_acknowledged() const override { return goaway_ping_ != 0 && acknowledged_ping_ >= goaway_ping_; }
  void Ping() override {
    if (session_) SubmitPing();
  }
  bool ping_acknowledged() const override { return acknowledged_ping_ == last_ping_; }
  void Tick() override;
  bool ended() const override {
    if (session_ == nullptr) return goaway_finished_;
    return nghttp2_session_want_read(session_) == 0 && !HasBytes();
  }
  size_t open_streams() const override { return open_.size(); }
  bool is_usual() const override { return has_completed_ && calm_resets_.IsNearlyFull(); }

 private:
  void Begin();

  // nghttp2's callbacks. The user data of the session is this, that of a stream its Stream.
  static nghttp2_session_callbacks* Callbacks();
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                             const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* self);
  static int OnStreamClosed(nghttp2_session*, int32_t id, uint32_t error, void* self);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static ssize_t ReadAnswer(nghttp2_session*, int32_t id, uint8_t* to, size_t room, uint32_t* flags,
                            nghttp2_data_source* source, void* self);

  Stream* Find(StreamId id) const { return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, id)); }
  void OnHead(Stream& stream);
  void OnBytes(Stream& stream, absl::string_view bytes);
  void OnEndOfStream(Stream& stream);
  void Refuse(Stream& stream, Refusal::Kind kind, absl::string_view message);
  void AnswerByHttp(Stream& stream, int status);
  void SubmitHead(Stream& stream);
  void SubmitTrailersOnly(Stream& stream);
  void SubmitTrailers(Stream& stream);
  void Consume(Stream& stream);
  // Counts a header. More than a few times the limit are sent to make the gateway work only: one byte can be a header.
  bool HasTooManyHeaders(Stream& stream) const { return ++stream.headers_seen > 4 * options_.max_headers; }
  int Flooded(absl::string_view what);
  void SubmitPing();
  void Release(Stream* stream);

  const SessionOptions options_;
  SessionHandler* const handler_;
  nghttp2_session* session_ = nullptr;  // null until it is known that the client speaks HTTP/2
  bool goaway_begun_ = false;
  bool goaway_finished_ = false;
  std::string preface_;         // the first bytes, until it is known which protocol they are
  std::string foreign_answer_;  // for a client of another protocol
  std::string flood_;           // which limit was exceeded; "": none
  TokenBucket calm_frames_;
  TokenBucket calm_resets_;
  bool has_completed_ = false;  // a call
  uint64_t ticks_ = 0;
  uint64_t last_ping_ = 0, acknowledged_ping_ = 0, goaway_ping_ = 0;
  absl::flat_hash_set<Stream*> open_;
  Stream* arriving_ = nullptr;  // the open one whose headers came last
  std::vector<std::unique_ptr<Stream>> spare_;
  std::vector<StreamId> drained_;  // to be reported when nghttp2 is not on the stack
};

nghttp2_session_callbacks* NgSession::Callbacks() {
  static nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* made;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, &OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(made, &OnHeader);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, &OnInvalidHeader);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, &OnBeginFrame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, &OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, &OnStreamClosed);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, &OnFrameSent);
    return made;
  }();
  return callbacks;
}

// Options of nghttp2 that are the same for every session. Its own limit on resets counts streams that ran for long,
// too.
nghttp2_option* Options() {
  static nghttp2_option* const options = [] {
    nghttp2_option* made;
    nghttp2_option_new(&made);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_outbound_ack(made, kMaxWaitingAcks);
    nghttp2_option_set_max_settings(made, kMaxSettingsEntries);
    nghttp2_option_set_stream_reset_rate_limit(made, std::numeric_limits<uint32_t>::max(), 0);
    return made;
  }();
  return options;
}

NgSession::NgSession(const SessionOptions& options, SessionHandler* handler)
    : options_(options), handler_(handler), calm_frames_(options.calm_frames), calm_resets_(options.calm_resets) {}

// A session of nghttp2 takes 16 KiB, so a connection without a client that speaks HTTP/2 has none.
void NgSession::Begin() {
  nghttp2_session_server_new2(&session_, Callbacks(), this, Options());
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.max_concurrent_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(options_.max_header_list_bytes)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size() - 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(options_.connection_window));
  if (goaway_begun_) BeginGoaway();
  if (goaway_finished_) FinishGoaway();
}

// --- what the client sends -----------------------------------------------------------------------------------------

absl::Status NgSession::Receive(absl::string_view bytes) {
  if (session_ == nullptr) {
    preface_.append(bytes.data(), bytes.size());
    switch (ReadPreface(preface_)) {
      case Preface::kIncomplete:
        return absl::OkStatus();
      case Preface::kForeign:
        foreign_answer_ = AnswerToForeignProtocol(preface_);
        return absl::InvalidArgumentError(DescribeForeignProtocol(preface_));
      case Preface::kHttp2:
        Begin();
    }
    bytes = preface_;
  }
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (!preface_.empty()) preface_ = std::string();
  if (!flood_.empty()) {
    nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    return absl::ResourceExhaustedError(absl::StrCat("ENHANCE_YOUR_CALM: the client sent too many ", flood_));
  }
  if (taken < 0) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP/2: ", nghttp2_strerror(static_cast<int>(taken))));
  }
  return absl::OkStatus();
}

int NgSession::Flooded(absl::string_view what) {
  if (flood_.empty()) flood_ = std::string(what);
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int NgSession::OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
  auto* const session = static_cast<NgSession*>(self);
  switch (head->type) {
    case NGHTTP2_HEADERS:
      session->calm_frames_.Add(session->options_.calm_frames_per_request);
      return 0;
    case NGHTTP2_DATA:
      if (head->length > 0) session->calm_frames_.Add(session->options_.calm_frames_per_request);
      if (head->length > 0 || (head->flags & NGHTTP2_FLAG_END_STREAM) != 0) return 0;
      break;
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_CONTINUATION:
      return 0;
    default:
      break;
  }
  return session->calm_frames_.Take() ? 0 : session->Flooded("frames without content");
}

int NgSession::OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto* const owner = static_cast<NgSession*>(self);
  std::unique_ptr<Stream> stream;
  if (owner->spare_.empty()) {
    stream = std::make_unique<Stream>();
  } else {
    stream = std::move(owner->spare_.back());
    owner->spare_.pop_back();
  }
  stream->id = frame->hd.stream_id;
  stream->opened_tick = owner->ticks_;
  owner->open_.insert(stream.get());
  owner->arriving_ = stream.get();
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream.release());
  return 0;
}

int NgSession::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                        const uint8_t* value, size_t value_size, uint8_t, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  const int32_t id = frame->hd.stream_id;
  Stream* const stream = owner->arriving_ && owner->arriving_->id == id ? owner->arriving_ : owner->Find(id);
  if (stream == nullptr) return 0;
  if (owner->HasTooManyHeaders(*stream)) return owner->Flooded("headers without end");
  // Trailers of a request mean nothing in gRPC.
  if (stream->has_head) return 0;
  HeaderReader& headers = stream->headers;
  // Beyond the limit one more is kept, as a sign of it.
  if (headers.bytes() > owner->options_.max_header_list_bytes || headers.count() > owner->options_.max_headers)
    return 0;
  headers.Add(View(name, name_size), View(value, value_size));
  return 0;
}

int NgSession::OnInvalidHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                               const uint8_t*, size_t, uint8_t, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  Stream* const stream = owner->Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (owner->HasTooManyHeaders(*stream)) return owner->Flooded("headers without end");
  if (!stream->has_head) stream->headers.AddMalformed(View(name, name_size));
  return 0;  // the header is left out
}

int NgSession::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    uint64_t number = 0;
    for (const uint8_t byte : frame->ping.opaque_data) number = number << 8 | byte;
    if (number <= owner->last_ping_) owner->acknowledged_ping_ = std::max(owner->acknowledged_ping_, number);
    return 0;
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream* stream = owner->Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && !stream->has_head) {
    stream->has_head = true;
    owner->OnHead(*stream);
    stream = owner->Find(frame->hd.stream_id);
  }
  if (stream != nullptr && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) owner->OnEndOfStream(*stream);
  return owner->flood_.empty() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

void NgSession::OnHead(Stream& stream) {
  HeaderReader& headers = stream.headers;
  if (headers.bytes() > options_.max_header_list_bytes || headers.count() > options_.max_headers) {
    headers.Parse().IgnoreError();
    return Refuse(stream, Refusal::Kind::kHeadersTooLarge,
                  absl::StrCat("The request has more than ", options_.max_headers, " headers or ",
                               options_.max_header_list_bytes, " bytes of them."));
  }
  if (const int status = headers.HttpStatus(); status != 0) return AnswerByHttp(stream, status);
  if (const absl::Status parsed = headers.Parse(); !parsed.ok()) {
    return Refuse(stream,
                  absl::IsUnimplemented(parsed) ? Refusal::Kind::kUnknownEncoding : Refusal::Kind::kMalformedHeader,
                  parsed.message());
  }
  stream.reader.Start(headers.head().encoding, options_.max_message_bytes);
  stream.announced = true;
  handler_->OnRequest(stream.id, headers.head());
}

int NgSession::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  nghttp2_session_consume_connection(owner->session_, size);
  if (Stream* const stream = owner->Find(id)) {
    stream->unconsumed += size;
    owner->OnBytes(*stream, View(data, size));
  }
  return 0;
}

void NgSession::OnBytes(Stream& stream, absl::string_view bytes) {
  const StreamId id = stream.id;
  while (stream.accepting && !bytes.empty()) {
    absl::StatusOr<std::optional<std::string>> message = stream.reader.Read(&bytes);
    if (!message.ok()) {
      Refuse(stream,
             absl::IsResourceExhausted(message.status()) ? Refusal::Kind::kMessageTooLarge
                                                         : Refusal::Kind::kMalformedMessage,
             message.status().message());
      break;
    }
    if (message->has_value()) handler_->OnMessage(id, *std::move(*message));
  }
  // What is not read any more must not stop the connection: the client may send it all before it reads the answer.
  if (stream.reading || !stream.accepting) Consume(stream);
}

void NgSession::OnEndOfStream(Stream& stream) {
  stream.half_closed = true;
  if (!stream.accepting) return;
  if (stream.reader.in_message()) {
    return Refuse(stream, Refusal::Kind::kMalformedMessage, "The request ended within a message.");
  }
  handler_->OnHalfClosed(stream.id);
}

void NgSession::Refuse(Stream& stream, Refusal::Kind kind, absl::string_view message) {
  stream.accepting = false;
  stream.announced = true;
  handler_->OnRefused(stream.id, stream.headers.head(), {kind, std::string(message)});
}

void NgSession::Consume(Stream& stream) {
  nghttp2_session_consume_stream(session_, stream.id, std::exchange(stream.unconsumed, 0));
}

void NgSession::SetReading(StreamId id, bool reading) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return;
  stream->reading = reading;
  if (reading) Consume(*stream);
}

int NgSession::OnStreamClosed(nghttp2_session* session, int32_t id, uint32_t error, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  Stream* const stream = owner->Find(id);
  if (stream == nullptr) return 0;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  const bool complete = stream->finished && stream->out.complete();
  if (complete) {
    owner->has_completed_ = true;
    owner->calm_resets_.Add(1);
  } else if (error != NGHTTP2_NO_ERROR && owner->ticks_ - stream->opened_tick <= 1 && !owner->calm_resets_.Take()) {
    owner->Flooded("streams that it reset at once");
  }
  const bool announced = stream->announced;
  owner->open_.erase(stream);
  if (announced) owner->handler_->OnClosed(id, complete ? StreamEnd::kComplete : StreamEnd::kReset);
  owner->Release(stream);
  return 0;
}

void NgSession::Release(Stream* stream) {
  if (arriving_ == stream) arriving_ = nullptr;
  std::unique_ptr<Stream> owned(stream);
  if (spare_.size() >= kSpareStreams) return;
  owned->headers.Clear();
  owned->headers_seen = 0;
  owned->out.Clear();
  owned->announced = owned->half_closed = owned->has_head = owned->finished = owned->begun = owned->deferred = false;
  owned->accepting = owned->reading = true;
  owned->unconsumed = 0;
  spare_.push_back(std::move(owned));
}

void NgSession::CloseAll() {
  const std::vector<Stream*> streams(open_.begin(), open_.end());
  open_.clear();
  arriving_ = nullptr;
  for (Stream* const stream : streams) {
    nghttp2_session_set_stream_user_data(session_, stream->id, nullptr);
    const std::unique_ptr<Stream> owned(stream);
    if (stream->announced) handler_->OnClosed(stream->id, StreamEnd::kConnection);
  }
}

// --- answers -------------------------------------------------------------------------------------------------------

void NgSession::AnswerByHttp(Stream& stream, int status) {
  stream.accepting = false;
  stream.finished = true;
  stream.out.Finish({});
  const std::string code = absl::StrCat(status);
  const bool wrong_method = status == 405;
  const std::array<nghttp2_nv, 2> headers = {
      Constant(":status", wrong_method ? "405" : "415"),
      wrong_method ? Constant("allow", "POST") : Constant("accept", "application/grpc")};
  nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(), nullptr);
  stream.out.SetTrailersSent();
}

void NgSession::WriteMessage(StreamId id, absl::string_view message) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->finished) return;
  stream->out.AddMessage(message);
  if (!stream->begun) SubmitHead(*stream);
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, id);
}

void NgSession::Finish(StreamId id, std::optional<absl::string_view> message, const Trailers& trailers) {
  Stream* const stream = Find(id);
  if (stream == nullptr || std::exchange(stream->finished, true)) return;
  if (message) stream->out.AddMessage(*message);
  stream->out.Finish(trailers);
  if (!stream->begun && !message) return SubmitTrailersOnly(*stream);
  if (!stream->begun) SubmitHead(*stream);
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, id);
}

void NgSession::SubmitHead(Stream& stream) {
  stream.begun = true;
  const std::array<nghttp2_nv, 2> headers = {Constant(":status", "200"), Constant("content-type", "application/grpc")};
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = &ReadAnswer;
  nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(), &body);
}

void NgSession::SubmitTrailersOnly(Stream& stream) {
  stream.begun = true;
  std::vector<nghttp2_nv> headers = {Constant(":status", "200"), Constant("content-type", "application/grpc")};
  if (stream.headers.head().encoding == Encoding::kIdentity) {
    headers.push_back(Constant("grpc-accept-encoding", "identity,gzip"));
  }
  for (const Outgoing::Header& header : stream.out.trailers()) {
    headers.push_back(Constant(header.name, header.value));
    headers.back().flags = NGHTTP2_NV_FLAG_NONE;
  }
  nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(), nullptr);
  stream.out.SetTrailersSent();
}

void NgSession::SubmitTrailers(Stream& stream) {
  if (stream.out.is_plain_success()) {
    const nghttp2_nv ok = Constant("grpc-status", "0");
    nghttp2_submit_trailer(session_, stream.id, &ok, 1);
    return stream.out.SetTrailersSent();
  }
  std::vector<nghttp2_nv> headers;
  headers.reserve(stream.out.trailers().size());
  for (const Outgoing::Header& header : stream.out.trailers()) {
    headers.push_back(Constant(header.name, header.value));
    headers.back().flags = NGHTTP2_NV_FLAG_NONE;
  }
  nghttp2_submit_trailer(session_, stream.id, headers.data(), headers.size());
  stream.out.SetTrailersSent();
}

ssize_t NgSession::ReadAnswer(nghttp2_session*, int32_t id, uint8_t* to, size_t room, uint32_t* flags,
                              nghttp2_data_source* source, void* self) {
  auto* const owner = static_cast<NgSession*>(self);
  Stream& stream = *static_cast<Stream*>(source->ptr);
  const size_t size = stream.out.Take(reinterpret_cast<char*>(to), room);
  if (stream.out.unsent() > 0) return static_cast<ssize_t>(size);
  if (stream.finished) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    owner->SubmitTrailers(stream);
    return static_cast<ssize_t>(size);
  }
  if (size == 0) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  owner->drained_.push_back(id);
  return static_cast<ssize_t>(size);
}

// A stream whose answer is complete before its request is closed, so that the client stops sending (RFC 9113, 8.1).
int NgSession::OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  const bool ends = frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!ends) return 0;
  const Stream* const stream = static_cast<NgSession*>(self)->Find(frame->hd.stream_id);
  if (stream != nullptr && !stream->half_closed) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

void NgSession::Reset(StreamId id) {
  if (Find(id) != nullptr) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

size_t NgSession::unsent_bytes(StreamId id) const {
  const Stream* const stream = Find(id);
  return stream == nullptr ? 0 : stream->out.unsent();
}

void NgSession::NextBytes(std::string* out, size_t room) {
  // Nothing before it is known that the client speaks HTTP/2: another client must not see a SETTINGS frame first.
  if (session_ == nullptr) {
    out->append(std::exchange(foreign_answer_, std::string()));
    return;
  }
  while (out->size() < room) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) break;
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  for (const StreamId id : std::exchange(drained_, {})) {
    const Stream* const stream = Find(id);
    if (stream != nullptr && stream->out.unsent() == 0) handler_->OnDrained(id);
  }
}

// --- the connection ------------------------------------------------------------------------------------------------

void NgSession::SubmitPing() {
  ++last_ping_;
  std::array<uint8_t, 8> number;
  for (size_t i = 0; i < number.size(); ++i) number[i] = static_cast<uint8_t>(last_ping_ >> (56 - 8 * i));
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, number.data());
}

void NgSession::BeginGoaway() {
  goaway_begun_ = true;
  if (session_ == nullptr) return;
  nghttp2_submit_shutdown_notice(session_);
  SubmitPing();
  goaway_ping_ = last_ping_;
}

void NgSession::FinishGoaway() {
  goaway_finished_ = true;
  if (session_ == nullptr) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void NgSession::Tick() {
  ++ticks_;
  calm_frames_.Add(options_.calm_frames_per_tick);
  calm_resets_.Add(options_.calm_resets_per_tick);
}

}  // namespace

std::unique_ptr<Session> Session::Create(const SessionOptions& options, SessionHandler* handler) {
  return std::make_unique<NgSession>(options, handler);
}

}  // namespace interaction::h2
