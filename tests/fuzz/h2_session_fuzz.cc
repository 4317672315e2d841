// Bytes of a client to the HTTP/2 session: whatever they are, each request that was announced is closed once, no
// message is larger than the limit, and nothing is told of a stream that is closed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>

#include "server/h2/session.h"

namespace interaction::h2 {
namespace {

constexpr size_t kMaxMessage = 4096;

// Answers in one of several ways, by the size of the message, and checks what it is told.
class Handler final : public SessionHandler {
 public:
  void OnRequest(StreamId stream, const RequestHead& head) override {
    Check(open_.insert(stream).second);
    // Touches every byte, so that AddressSanitizer sees a view that is not valid.
    for (const MetadataEntry& entry : head.metadata) touched_ += std::string(entry.value).size() + entry.key.size();
  }
  void OnMessage(StreamId stream, std::string message) override {
    Check(open_.count(stream) == 1 && message.size() <= kMaxMessage);
    if (message.size() % 3 == 0) session->WriteMessage(stream, message);
    if (message.size() % 5 == 1) session->SetReading(stream, false);
    if (message.size() % 7 == 2) session->Reset(stream);
  }
  void OnHalfClosed(StreamId stream) override {
    Check(open_.count(stream) == 1);
    session->Finish(stream, "reply", {});
  }
  void OnRefused(StreamId stream, const RequestHead&, const Refusal& refusal) override {
    open_.insert(stream);
    session->Finish(stream, std::nullopt, {.code = 3, .message = refusal.message, .details = "d", .metadata = {}});
  }
  void OnDrained(StreamId stream) override {
    Check(open_.count(stream) == 1);
    session->SetReading(stream, true);
  }
  void OnClosed(StreamId stream, StreamEnd) override { Check(open_.erase(stream) == 1); }

  void CheckAllClosed() const { Check(open_.empty()); }

  Session* session = nullptr;

 private:
  static void Check(bool holds) {
    if (!holds) abort();
  }

  std::set<StreamId> open_;
  size_t touched_ = 0;
};

// The first byte chooses whether HTTP/2's preface is sent, how the rest is cut into pieces, and what else happens.
void Run(uint8_t mode, absl::string_view bytes) {
  constexpr absl::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  Handler handler;
  const auto session = Session::Create({.max_message_bytes = kMaxMessage}, &handler);
  handler.session = session.get();
  bool alive = (mode & 1) == 0 || session->Receive(kPreface).ok();
  const size_t piece = mode < 16 ? bytes.size() : (mode >> 1) % 97 + 1;
  std::string out;
  while (alive && !bytes.empty()) {
    const size_t size = std::min(bytes.size(), piece);
    alive = session->Receive(bytes.substr(0, size)).ok();
    bytes.remove_prefix(size);
    out.clear();
    session->NextBytes(&out, 64 << 10);
    if ((mode & 64) != 0) session->Tick();
  }
  if ((mode & 128) != 0) session->BeginGoaway();
  session->NextBytes(&out, 64 << 10);
  session->CloseAll();
  handler.CheckAllClosed();
}

}  // namespace
}  // namespace interaction::h2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) interaction::h2::Run(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
