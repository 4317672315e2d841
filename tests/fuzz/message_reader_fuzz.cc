// Bytes of a client to the reader of gRPC's length-prefixed messages: no message is larger than the limit, and the
// messages are the same whether the bytes come at once or in pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/h2/message_reader.h"

namespace interaction::h2 {
namespace {

constexpr size_t kMaxMessage = 4096;

struct Messages {
  std::vector<std::string> read;
  absl::StatusCode error = absl::StatusCode::kOk;
  bool operator==(const Messages&) const = default;
};

void Check(bool holds) {
  if (!holds) abort();
}

Messages ReadAll(MessageReader* reader, Encoding encoding, absl::string_view bytes, size_t piece) {
  Messages messages;
  reader->Start(encoding, kMaxMessage);
  while (!bytes.empty()) {
    absl::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty()) {
      const size_t before = now.size();
      auto message = reader->Read(&now);
      if (!message.ok()) {
        messages.error = message.status().code();
        return messages;
      }
      Check(now.size() < before);  // or the session would turn for ever
      if (*message) {
        Check((*message)->size() <= kMaxMessage);
        messages.read.push_back(**std::move(message));
      }
    }
  }
  return messages;
}

// The first byte chooses the encoding and the size of the pieces. The reader is used again, as a session does.
void Run(uint8_t mode, absl::string_view bytes) {
  const Encoding encoding = (mode & 1) != 0 ? Encoding::kGzip : Encoding::kIdentity;
  MessageReader reader;
  const Messages whole = ReadAll(&reader, encoding, bytes, std::max<size_t>(bytes.size(), 1));
  const Messages in_pieces = ReadAll(&reader, encoding, bytes, static_cast<size_t>(mode >> 1) % 61 + 1);
  Check(whole == in_pieces);
}

}  // namespace
}  // namespace interaction::h2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) interaction::h2::Run(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
