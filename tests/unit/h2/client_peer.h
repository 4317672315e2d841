#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/h2/session.h"

namespace interaction::h2 {

using Headers = std::vector<std::pair<std::string, std::string>>;

// gRPC's length-prefixed form of a message.
inline std::string Framed(absl::string_view message, bool compressed = false) {
  std::string framed(1, compressed ? '\1' : '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(message.size() >> shift);
  return absl::StrCat(framed, message);
}

// The headers of a valid request, and more.
inline Headers RequestHeaders(Headers more = {}) {
  Headers headers = {{":method", "POST"},       {":scheme", "http"}, {":path", "/a.B/C"},
                     {":authority", "gateway"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

// A client at the other end of a Session, by nghttp2. It keeps what it received on each stream.
class ClientPeer {
 public:
  struct Answer {
    std::map<std::string, std::string> headers;
    std::string data;
    std::map<std::string, std::string> trailers;  // of trailers-only, all is in `headers`
    bool ended = false;                           // END_STREAM
    uint32_t reset = 0;                           // error code of RST_STREAM
    bool was_reset = false;
  };

  explicit ClientPeer(uint32_t initial_window = 65535) {
    nghttp2_session_callbacks* callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, initial_window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  }
  ~ClientPeer() { nghttp2_session_del(session_); }

  nghttp2_session* session() const { return session_; }

  // Begins a request; `body` is its DATA, and `end` whether it is all of it.
  StreamId Request(const Headers& headers, std::string body = "", bool end = true) {
    std::vector<nghttp2_nv> fields;
    for (const auto& [name, value] : headers) {
      fields.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE});
    }
    auto source = std::make_unique<Body>(Body{std::move(body), end});
    nghttp2_data_provider provider{};
    provider.source.ptr = source.get();
    provider.read_callback = &ReadBody;
    const StreamId id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &provider, nullptr);
    bodies_[id] = std::move(source);
    return id;
  }

  // Sends more of a request that did not end.
  void Send(StreamId id, absl::string_view bytes, bool end) {
    absl::StrAppend(&bodies_[id]->bytes, bytes);
    bodies_[id]->end = end;
    nghttp2_session_resume_data(session_, id);
  }

  // All bytes that it has to send.
  std::string NextBytes() {
    std::string bytes;
    const uint8_t* chunk;
    while (true) {
      const ssize_t size = nghttp2_session_mem_send(session_, &chunk);
      if (size <= 0) return bytes;
      bytes.append(reinterpret_cast<const char*>(chunk), static_cast<size_t>(size));
    }
  }

  void Receive(absl::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }

  Answer& answer(StreamId id) { return answers_[id]; }
  const std::vector<int32_t>& goaways() const { return goaways_; }  // their last stream ids
  uint32_t goaway_error() const { return goaway_error_; }
  int window_updates(StreamId id) { return window_updates_[id]; }

 private:
  struct Body {
    std::string bytes;
    bool end;
  };

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* to, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* const body = static_cast<Body*>(source->ptr);
    const size_t size = std::min(room, body->bytes.size());
    std::copy_n(body->bytes.begin(), size, to);
    body->bytes.erase(0, size);
    if (body->bytes.empty() && body->end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (size == 0 && !body->end) return NGHTTP2_ERR_DEFERRED;
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self) {
    Answer& answer = static_cast<ClientPeer*>(self)->answers_[frame->hd.stream_id];
    auto& headers = frame->headers.cat == NGHTTP2_HCAT_RESPONSE ? answer.headers : answer.trailers;
    headers[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
    static_cast<ClientPeer*>(self)->answers_[id].data.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto* const peer = static_cast<ClientPeer*>(self);
    const bool carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      peer->answers_[frame->hd.stream_id].ended = true;
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      peer->answers_[frame->hd.stream_id].reset = frame->rst_stream.error_code;
      peer->answers_[frame->hd.stream_id].was_reset = true;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      peer->goaways_.push_back(frame->goaway.last_stream_id);
      peer->goaway_error_ = frame->goaway.error_code;
    }
    if (frame->hd.type == NGHTTP2_WINDOW_UPDATE) ++peer->window_updates_[frame->hd.stream_id];
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  std::map<StreamId, std::unique_ptr<Body>> bodies_;
  std::map<StreamId, Answer> answers_;
  std::map<StreamId, int> window_updates_;
  std::vector<int32_t> goaways_;
  uint32_t goaway_error_ = 0;
};

}  // namespace interaction::h2
