#include "tests/support/raw_h2.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

constexpr size_t kFrameHead = 9;

void AppendBigEndian(std::string* out, uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

uint32_t BigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

// RFC 7541, 5.2: a string without Huffman coding; its length has a prefix of 7 bits.
void AppendHpackString(std::string* out, absl::string_view text) {
  size_t size = text.size();
  if (size < 127) {
    out->push_back(static_cast<char>(size));
  } else {
    out->push_back(127);
    for (size -= 127; size >= 128; size >>= 7) out->push_back(static_cast<char>((size & 127) | 128));
    out->push_back(static_cast<char>(size));
  }
  out->append(text.data(), text.size());
}

// RFC 7541, 6.2.2: literal without indexing, new name.
void AppendHpackHeader(std::string* out, absl::string_view name, absl::string_view value) {
  out->push_back(0);
  AppendHpackString(out, name);
  AppendHpackString(out, value);
}

std::string EncodeHeaders(const RawCall& call) {
  std::string block;
  AppendHpackHeader(&block, ":method", "POST");
  AppendHpackHeader(&block, ":scheme", "http");
  AppendHpackHeader(&block, ":path", call.path);
  AppendHpackHeader(&block, ":authority", "localhost");
  AppendHpackHeader(&block, "content-type", "application/grpc");
  AppendHpackHeader(&block, "te", "trailers");
  if (call.grpc_timeout) AppendHpackHeader(&block, "grpc-timeout", *call.grpc_timeout);
  for (const http::Header& header : call.headers) AppendHpackHeader(&block, header.name, header.value);
  return block;
}

}  // namespace

std::string GrpcMessage(absl::string_view bytes, uint8_t flags) {
  std::string message(1, static_cast<char>(flags));
  AppendBigEndian(&message, static_cast<uint32_t>(bytes.size()), 4);
  message.append(bytes.data(), bytes.size());
  return message;
}

std::string RawReply::Trailer(absl::string_view name) const {
  for (const http::Header& trailer : trailers) {
    if (trailer.name == name) return trailer.value;
  }
  return "";
}

std::string RawReply::Message() const { return body.size() < 5 ? "" : body.substr(5); }

RawH2Client::RawH2Client(uint16_t port, bool acknowledge_settings)
    : acknowledge_settings_(acknowledge_settings), socket_(ConnectLoopback(port)) {
  Require(socket_.valid(), "connect to the server");
  Require(nghttp2_hd_inflate_new(&inflater_) == 0, "nghttp2_hd_inflate_new");
  SendBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  SendFrame(kSettings, kNone, 0, "");
}

RawH2Client::~RawH2Client() { nghttp2_hd_inflate_del(inflater_); }

uint32_t RawH2Client::Start(const RawCall& call) {
  const uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  constexpr size_t kMaxFrame = 16384;
  const std::string block = EncodeHeaders(call);
  for (size_t at = 0; at == 0 || at < block.size(); at += kMaxFrame) {
    const bool first = at == 0, last = at + kMaxFrame >= block.size();
    const uint8_t flags = (first && call.body.empty() && call.end_stream ? kEndStream : 0) | (last ? kEndHeaders : 0);
    SendFrame(first ? kHeaders : kContinuation, flags, stream, block.substr(at, kMaxFrame));
  }
  for (size_t at = 0; at < call.body.size(); at += kMaxFrame) {
    const bool last = at + kMaxFrame >= call.body.size();
    SendFrame(kData, last && call.end_stream ? kEndStream : kNone, stream, call.body.substr(at, kMaxFrame));
  }
  return stream;
}

void RawH2Client::Cancel(uint32_t stream, uint32_t error_code) {
  std::string payload;
  AppendBigEndian(&payload, error_code, 4);
  SendFrame(kRstStream, kNone, stream, payload);
}

void RawH2Client::SetWindow(uint32_t bytes) {
  constexpr uint32_t kInitialWindowSize = 4;
  std::string setting;
  AppendBigEndian(&setting, kInitialWindowSize, 2);
  AppendBigEndian(&setting, bytes, 4);
  SendFrame(kSettings, kNone, 0, setting);
}

void RawH2Client::Ping() { SendFrame(kPing, kNone, 0, "01234567"); }

void RawH2Client::SendFrame(uint8_t type, uint8_t flags, uint32_t stream, absl::string_view payload) {
  std::string frame;
  AppendBigEndian(&frame, static_cast<uint32_t>(payload.size()), 3);
  AppendBigEndian(&frame, type, 1);
  AppendBigEndian(&frame, flags, 1);
  AppendBigEndian(&frame, stream, 4);
  SendBytes(absl::StrCat(frame, payload));
}

void RawH2Client::SendHeldBack() {
  holds_back_ = false;
  SendBytes(std::exchange(held_back_, ""));
}

// A server that has hung up shows in Read().
void RawH2Client::SendBytes(absl::string_view bytes) {
  if (holds_back_) return void(held_back_.append(bytes.data(), bytes.size()));
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

absl::StatusOr<RawReply> RawH2Client::Read(uint32_t stream) {
  while (!streams_[stream].ended) {
    if (const absl::Status status = AcceptNext(); !status.ok()) return status;
  }
  return streams_[stream].reply;
}

absl::Status RawH2Client::ReadHeaders(uint32_t stream) {
  while (!streams_[stream].ended && streams_[stream].reply.headers.empty()) {
    if (const absl::Status status = AcceptNext(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RawH2Client::AcceptNext() {
  const absl::StatusOr<Frame> frame = ReadFrame();
  return frame.ok() ? Accept(*frame) : frame.status();
}

absl::StatusOr<RawH2Client::Frame> RawH2Client::ReadFrame() {
  if (const absl::Status status = Fill(kFrameHead); !status.ok()) return status;
  const size_t size = BigEndian(in_.substr(0, 3));
  if (const absl::Status status = Fill(kFrameHead + size); !status.ok()) return status;
  Frame frame{.type = static_cast<uint8_t>(in_[3]),
              .flags = static_cast<uint8_t>(in_[4]),
              .stream = BigEndian(in_.substr(5, 4)) & 0x7fffffff,
              .payload = in_.substr(kFrameHead, size)};
  in_.erase(0, kFrameHead + size);
  return frame;
}

// Reads until `size` bytes are there.
absl::Status RawH2Client::Fill(size_t size) {
  while (in_.size() < size) {
    char buffer[16384];
    const ssize_t got = recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (got == 0) return absl::UnavailableError("the server closed the connection");
    if (got < 0) return absl::UnavailableError(absl::StrCat("recv: ", strerror(errno)));
    in_.append(buffer, static_cast<size_t>(got));
  }
  return absl::OkStatus();
}

absl::Status RawH2Client::Accept(const Frame& frame) {
  Stream& stream = streams_[frame.stream];
  switch (frame.type) {
    case kData:
      stream.reply.body += frame.payload;
      if (frame.flags & kEndStream) stream.ended = true;
      break;
    case kHeaders:
    case kContinuation:
      return AcceptHeaders(frame, &stream);
    case kRstStream:
      stream.reply.reset = BigEndian(frame.payload);
      stream.ended = true;
      break;
    case kSettings:
      if (!(frame.flags & kAck) && acknowledge_settings_) SendFrame(kSettings, kAck, 0, "");
      break;
    case kPing:
      if (!(frame.flags & kAck)) SendFrame(kPing, kAck, 0, frame.payload);
      break;
    case kGoaway:
      goaway_ = true;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

// gRPC's servers send neither padding nor priorities.
absl::Status RawH2Client::AcceptHeaders(const Frame& frame, Stream* stream) {
  stream->block += frame.payload;
  if (frame.type == kHeaders) stream->last_block = frame.flags & kEndStream;
  if (!(frame.flags & kEndHeaders)) return absl::OkStatus();
  absl::StatusOr<std::vector<http::Header>> headers = Inflate(std::exchange(stream->block, ""));
  if (!headers.ok()) return headers.status();
  (stream->last_block ? stream->reply.trailers : stream->reply.headers) = *std::move(headers);
  stream->ended = stream->last_block;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<http::Header>> RawH2Client::Inflate(absl::string_view block) {
  std::vector<http::Header> headers;
  const auto* next = reinterpret_cast<const uint8_t*>(block.data());
  const uint8_t* const end = next + block.size();
  for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
    nghttp2_nv field;
    flags = 0;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_, &field, &flags, next, static_cast<size_t>(end - next), /*in_final=*/1);
    if (used < 0) return absl::InternalError(nghttp2_strerror(static_cast<int>(used)));
    next += used;
    if (flags & NGHTTP2_HD_INFLATE_EMIT) {
      headers.push_back({std::string(reinterpret_cast<char*>(field.name), field.namelen),
                         std::string(reinterpret_cast<char*>(field.value), field.valuelen)});
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  return headers;
}

}  // namespace interaction::testing
