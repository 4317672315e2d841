#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/base/metadata.h"

namespace interaction::h2 {

// The server's half of gRPC over HTTP/2 on one connection, by nghttp2: bytes of the client go in, requests and messages
// come out; answers go in, bytes for the client come out. It does no I/O, reads no clock and knows no call; so it can
// be fuzzed by itself.
//
// Source of its rules: RFC 9113, and gRPC's "PROTOCOL-HTTP2.md", "compression.md" and "statuscodes.md".

using StreamId = int32_t;

enum class Encoding { kIdentity, kGzip };

// The headers of a request, checked. Views live until OnClosed of the stream.
struct RequestHead {
  absl::string_view path;  // "/package.Service/Method"
  absl::string_view authority;
  std::optional<absl::Duration> timeout;     // grpc-timeout; at most a day, whatever it says
  absl::Span<const MetadataEntry> metadata;  // in order; without pseudo-headers, te, content-type and grpc-*, but with
                                             // grpc-previous-rpc-attempts; "-bin" values decoded
  size_t metadata_bytes = 0;  // names and values as sent, and 32 for each header (RFC 9113, section 6.5.2)
  bool accepts_gzip = false;  // grpc-accept-encoding
};

// Why a request or message was not taken. The session answers by itself where gRPC cannot (an HTTP status); the rest is
// for the handler to answer by Finish(), since the details of a status are not known here.
struct Refusal {
  enum class Kind {
    kHeader,           // a header of gRPC's own is malformed: grpc-timeout, a "-bin" value
    kEncoding,         // grpc-encoding is none of identity, gzip
    kTooLarge,         // the message, as sent or unpacked, is larger than max_message_bytes
    kMalformed,        // the message: its flag, its compressed bytes, or the stream ended within it
    kTooManyMessages,  // more messages than a unary call has
    kHeaderListTooLarge,
  };
  Kind kind;
  std::string message;  // one sentence that names what is wrong and what would be right
};

// How a stream ended.
enum class StreamEnd {
  kComplete,    // its answer is with the transport's socket, or will be with its next bytes
  kReset,       // the client reset it (RST_STREAM), or broke the protocol on it
  kConnection,  // the connection ended
};

struct SessionOptions {
  size_t max_message_bytes = 256 << 10;     // of a request's message, as sent and unpacked
  size_t max_header_list_bytes = 16 << 10;  // of a request, as SETTINGS_MAX_HEADER_LIST_SIZE counts
  size_t max_headers = 256;                 // entries of a request
  uint32_t max_concurrent_streams = 1024;
  uint32_t stream_window = 64 << 10;  // bytes of a stream that may be on their way; from 65,535
  uint32_t connection_window = 1 << 20;
  size_t max_unsent_bytes = 1 << 20;  // of answers, before no more is taken from the client
  // Frames that cost the server something and carry nothing, before the connection ends with ENHANCE_YOUR_CALM: each
  // counts one, each second that Tick() sees pass forgives `calm_frames_per_second`.
  int max_idle_frames = 1000;  // PING, SETTINGS, PRIORITY, WINDOW_UPDATE without stream, empty DATA
  int max_resets = 200;        // streams that the client opened and reset (CVE-2023-44487)
  int forgiven_per_second = 100;
};

// Receives what the client sends. Called within Session::Receive() only; it may call every member of the session but
// Receive() and the destructor.
class SessionHandler {
 public:
  // A request has arrived: its headers, which are in order. OnClosed follows, once.
  virtual void OnRequest(StreamId stream, const RequestHead& head) = 0;

  // A complete message, unpacked. It is the handler's to keep.
  virtual void OnMessage(StreamId stream, std::string message) = 0;

  // The client sends nothing more on the stream; its messages are complete.
  virtual void OnHalfClosed(StreamId stream) = 0;

  // A request is not taken as it is. If its headers were at fault, OnRequest has not been called for it, and `head`
  // carries what could be read. The handler answers it by Finish(); nothing more is read from the stream.
  virtual void OnRefused(StreamId stream, const RequestHead& head, const Refusal& refusal) = 0;

  // The stream is gone; its id means nothing any more. Exactly once for each OnRequest or OnRefused without it.
  virtual void OnClosed(StreamId stream, StreamEnd end) = 0;

 protected:
  ~SessionHandler() = default;
};

// How an answer ends: grpc-status and its companions. All is copied.
struct Trailers {
  int code = 0;
  absl::string_view message;                 // UTF-8; percent-encoded here
  absl::string_view details;                 // bytes of grpc-status-details-bin; empty: none
  absl::Span<const MetadataEntry> metadata;  // "-bin" values as bytes
};

// Not thread-safe.
class Session {
 public:
  // `handler` outlives the session. The session's SETTINGS are the first of its bytes to send.
  static std::unique_ptr<Session> Create(const SessionOptions& options, SessionHandler* handler);
  virtual ~Session() = default;  // without OnClosed

  // Takes bytes that the client sent. An error ends the connection: send what NextBytes() still has, then close. It
  // names what is wrong, for the log: "PROTOCOL_ERROR: ...". The first bytes may show that the client speaks HTTP/1 or
  // TLS: then NextBytes() has an answer in the client's own protocol that says what is spoken here.
  virtual absl::Status Receive(absl::string_view bytes) = 0;

  // Answers. Each takes what it is given; `WriteMessage` may be followed by more, Finish by nothing. On a stream that
  // is gone, they do nothing.
  virtual void WriteMessage(StreamId stream, std::string message) = 0;
  virtual void Finish(StreamId stream, std::optional<std::string> message, const Trailers& trailers) = 0;
  virtual void Reset(StreamId stream) = 0;  // RST_STREAM with CANCEL; OnClosed follows, from Receive() or NextBytes()

  // Bytes of answers of this stream that NextBytes() has not given out yet, because of flow control or the socket.
  virtual size_t unsent_bytes(StreamId stream) const = 0;

  // Fills `out` with bytes to send, up to about `room`, and returns whether there were any. Whoever calls it sends all
  // of them, in order.
  virtual bool NextBytes(std::string* out, size_t room) = 0;
  virtual bool wants_to_send() const = 0;

  // Flow control towards the client: messages of the stream that were taken by the handler's owner. Until then their
  // bytes count against the stream's window.
  virtual void Consume(StreamId stream, size_t bytes) = 0;

  // The two steps of a graceful end (RFC 9113, section 6.8): a GOAWAY that names no stream and a PING; and, when its
  // acknowledgement is here or after a second of waiting, one that names the last stream taken.
  virtual void BeginGoaway() = 0;
  virtual void FinishGoaway() = 0;
  virtual bool goaway_acknowledged() const = 0;

  // Keepalive: sends a PING; whether the last one was acknowledged.
  virtual void Ping() = 0;
  virtual bool ping_acknowledged() const = 0;

  // A second has passed: what counts towards a limit of a rate is forgiven by as much.
  virtual void Tick() = 0;

  virtual size_t streams() const = 0;  // that are open
};

}  // namespace interaction::h2
