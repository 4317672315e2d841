#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/base/metadata.h"
#include "server/h2/request_head.h"

namespace interaction::h2 {

using StreamId = int32_t;

// Why a request or message is not accepted. The session itself answers what is not gRPC, by an HTTP status; these are
// for the handler to answer by Finish(), since the details of a status are not known here.
struct Refusal {
  enum class Kind {
    kMalformedHeader,   // a header of gRPC's own, or a "-bin" value
    kHeadersTooLarge,   // more than max_header_list_bytes or max_headers
    kUnknownEncoding,   // grpc-encoding is neither identity nor gzip
    kMessageTooLarge,   // larger than max_message_bytes, as sent or decompressed
    kMalformedMessage,  // a bad flag or bad compressed bytes, or the stream ended within it
  };
  Kind kind;
  std::string message;  // one sentence that says what is wrong and what is allowed
};

// How a stream ended.
enum class StreamEnd {
  kComplete,    // all of its answer has been given out by NextBytes()
  kReset,       // the client reset it, or broke the protocol on it, or Reset() was called
  kConnection,  // the connection ended
};

struct SessionOptions {
  size_t max_message_bytes = 256 << 10;     // of one message, as sent and decompressed
  size_t max_header_list_bytes = 16 << 10;  // of a request, counted as SETTINGS_MAX_HEADER_LIST_SIZE
  size_t max_headers = 256;                 // of a request
  uint32_t max_concurrent_streams = 1024;
  uint32_t stream_window = 64 << 10;     // bytes that the client may send ahead on a stream
  uint32_t connection_window = 1 << 20;  // and on all streams together

  // Limits on frames that cost the server work and carry no request, as a token bucket for each connection. A request
  // or a DATA frame adds calm_frames_per_request to the bucket, Tick() adds calm_frames_per_tick.
  int calm_frames = 10'000;  // PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown frames
  int calm_frames_per_request = 10;
  int calm_frames_per_tick = 1000;
  // Likewise for streams that the client resets within two ticks after it opened them (CVE-2023-44487). A call that
  // ends by itself adds one.
  int calm_resets = 1000;
  int calm_resets_per_tick = 100;
};

// Receives what the client sends. Called within Session::Receive() and NextBytes() only; it may call every member of
// the session but these two and the destructor.
class SessionHandler {
 public:
  // A request: its headers, which are valid. `head` lives until OnClosed, which follows once.
  virtual void OnRequest(StreamId stream, const RequestHead& head) = 0;

  // A complete, decompressed message.
  virtual void OnMessage(StreamId stream, std::string message) = 0;

  // The client has sent its last message on the stream.
  virtual void OnHalfClosed(StreamId stream) = 0;

  // A request, or a message of one, is not accepted; nothing more is read from the stream. If its headers are at fault,
  // OnRequest was not called, and `head` has the headers that could be read. The handler answers by Finish().
  virtual void OnRefused(StreamId stream, const RequestHead& head, const Refusal& refusal) = 0;

  // NextBytes() has given out all that was written on the stream so far.
  virtual void OnDrained(StreamId stream) = 0;

  // The stream has ended, and its id is not valid any more. Once for each stream of OnRequest or OnRefused.
  virtual void OnClosed(StreamId stream, StreamEnd end) = 0;

 protected:
  ~SessionHandler() = default;
};

// How an answer ends. All of it is copied.
struct Trailers {
  int code = 0;                              // google.rpc.Code
  absl::string_view message;                 // UTF-8; percent-encoded by the session
  absl::string_view details;                 // for grpc-status-details-bin, as bytes; empty: none
  absl::Span<const MetadataEntry> metadata;  // values of "-bin" keys as bytes
};

// The server's side of gRPC over HTTP/2 on one connection, by nghttp2: bytes from the client go in, requests and
// messages come out; answers go in, bytes for the client come out. It does no I/O and reads no clock, so it can be
// fuzzed by itself. Not thread-safe.
//
// Source of its rules: RFC 9113, and gRPC's PROTOCOL-HTTP2.md and compression.md
// (https://github.com/grpc/grpc/tree/master/doc).
class Session {
 public:
  // `handler` outlives the session. Its SETTINGS frame is the first of its bytes, once the client has begun with
  // HTTP/2.
  static std::unique_ptr<Session> Create(const SessionOptions& options, SessionHandler* handler);
  virtual ~Session() = default;  // without OnClosed

  // Takes bytes from the client. An error means that the connection must end: send what NextBytes() still gives out,
  // then close it. Its message says what is wrong. A client that speaks HTTP/1 or TLS gets an answer in plain text that
  // says what this port speaks.
  virtual absl::Status Receive(absl::string_view bytes) = 0;

  // Calls OnClosed for every open stream, because the connection has ended.
  virtual void CloseAll() = 0;

  // Answers. WriteMessage() may be followed by more, Finish() by nothing. A `message` in Finish() is written before the
  // trailers. If nothing was written before, the answer is "trailers-only". They do nothing if the stream is gone.
  virtual void WriteMessage(StreamId stream, absl::string_view message) = 0;
  virtual void Finish(StreamId stream, std::optional<absl::string_view> message, const Trailers& trailers) = 0;
  virtual void Reset(StreamId stream) = 0;  // RST_STREAM with CANCEL; OnClosed follows

  // Bytes written on the stream that NextBytes() has not given out yet, because of flow control or the socket.
  virtual size_t unsent_bytes(StreamId stream) const = 0;

  // Whether the client may send further messages on the stream: flow control by the handler. True at first.
  virtual void SetReading(StreamId stream, bool reading) = 0;

  // Appends bytes for the client to `out`, until `out` has `room` bytes or there is nothing to send. The caller sends
  // all of them, in order.
  virtual void NextBytes(std::string* out, size_t room) = 0;
  virtual bool HasBytes() const = 0;

  // The two steps of a graceful end (RFC 9113, section 6.8): a GOAWAY that accepts every stream, with a PING; then,
  // when goaway_acknowledged() or after some time, a GOAWAY with the last stream that was accepted.
  virtual void BeginGoaway() = 0;
  virtual void FinishGoaway() = 0;
  virtual bool goaway_acknowledged() const = 0;

  // Keepalive: sends a PING; whether the last one was acknowledged.
  virtual void Ping() = 0;
  virtual bool ping_acknowledged() const = 0;

  // Refills the token buckets. Call it about once a second.
  virtual void Tick() = 0;

  // Whether the session has ended, because the client broke the protocol or after FinishGoaway() and the last stream:
  // nothing more is to be read or sent, and the connection can be closed.
  virtual bool ended() const = 0;

  virtual size_t open_streams() const = 0;

  // Whether the client has behaved so far as clients do: a call of it was completed, and it resets few at once.
  virtual bool is_usual() const = 0;
};

}  // namespace interaction::h2
