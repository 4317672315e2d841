#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/http/message.h"
#include "tests/support/sockets.h"

namespace interaction::testing {

// A length-prefixed gRPC message: a byte of flags, four of length, the bytes.
std::string GrpcMessage(absl::string_view bytes, uint8_t flags = 0);

// A gRPC call, down to what no client library would send.
struct RawCall {
  std::string path;                         // "/interaction.v1.InteractionService/CreateVspInteraction"
  std::string body;                         // as is; usually GrpcMessage(...)
  std::optional<std::string> grpc_timeout;  // as is: "1S", "99999999H", "abc"
  std::vector<http::Header> headers;        // besides those that gRPC demands; names in lower case
  bool end_stream = true;                   // false: the client's side stays open
};

// What came back on one stream.
struct RawReply {
  std::vector<http::Header> headers;   // the first block, pseudo-headers included; empty in a trailers-only answer
  std::vector<http::Header> trailers;  // the block that ended the stream
  std::string body;                    // the DATA frames
  std::optional<uint32_t> reset;       // the error code of RST_STREAM

  // The value of a trailer, "" if absent: Trailer("grpc-status") == "0".
  std::string Trailer(absl::string_view name) const;

  // The message in the body, without its prefix; "" if there is none.
  std::string Message() const;
};

// A gRPC client of HTTP/2 frames on a blocking socket, without TLS: for input that gRPC's own client refuses to send.
// It obeys no limit of the server's and grants no window beyond the first 64 KiB. Not thread-safe.
class RawH2Client {
 public:
  // HTTP/2's frame types and flags, as far as they are sent here.
  enum FrameType : uint8_t {
    kData = 0,
    kHeaders = 1,
    kRstStream = 3,
    kSettings = 4,
    kPing = 6,
    kGoaway = 7,
    kWindowUpdate = 8,
    kContinuation = 9
  };
  enum Flags : uint8_t { kNone = 0, kEndStream = 1, kAck = 1, kEndHeaders = 4 };

  // Connects to the loopback interface and sends the preface. With `acknowledge_settings` false the server's SETTINGS
  // are never acknowledged.
  explicit RawH2Client(uint16_t port, bool acknowledge_settings = true);
  ~RawH2Client();
  RawH2Client(const RawH2Client&) = delete;
  RawH2Client& operator=(const RawH2Client&) = delete;

  // Sends the headers and the body; returns the stream's number.
  uint32_t Start(const RawCall& call);

  // RST_STREAM, by default with CANCEL, as gRPC's clients do.
  void Cancel(uint32_t stream, uint32_t error_code = 8);

  // How many bytes of each answer the server may send, from now on and on streams that are open (SETTINGS). 0: it may
  // not send any, but for headers and trailers.
  void SetWindow(uint32_t bytes);

  void Ping();

  // Whether the server has announced, as far as was read, that it ends the connection.
  bool goaway() const { return goaway_; }

  // Keeps what is to be sent from now on, and sends it in one go.
  void HoldBack() { holds_back_ = true; }
  void SendHeldBack();

  void SendFrame(uint8_t type, uint8_t flags, uint32_t stream, absl::string_view payload);
  void SendBytes(absl::string_view bytes);

  // Reads until the stream has ended. UNAVAILABLE: the server closed the connection, or sent nothing for ten seconds.
  absl::StatusOr<RawReply> Read(uint32_t stream);

  // Reads until the headers of an answer are there, which a server may send without a window. Errors as of Read().
  absl::Status ReadHeaders(uint32_t stream);

  // Start() and Read().
  absl::StatusOr<RawReply> Call(const RawCall& call) { return Read(Start(call)); }

 private:
  struct Frame {
    uint8_t type = 0;
    uint8_t flags = 0;
    uint32_t stream = 0;
    std::string payload;
  };
  struct Stream {
    RawReply reply;
    std::string block;  // of headers that are not complete yet
    bool last_block = false;
    bool ended = false;
  };

  absl::StatusOr<Frame> ReadFrame();
  absl::Status Fill(size_t size);
  absl::Status AcceptNext();
  absl::Status Accept(const Frame& frame);
  absl::Status AcceptHeaders(const Frame& frame, Stream* stream);
  absl::StatusOr<std::vector<http::Header>> Inflate(absl::string_view block);

  const bool acknowledge_settings_;
  Fd socket_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string in_;
  bool holds_back_ = false;
  std::string held_back_;
  uint32_t next_stream_ = 1;
  bool goaway_ = false;
  std::map<uint32_t, Stream> streams_;
};

}  // namespace interaction::testing
