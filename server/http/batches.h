#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/event/loop.h"

namespace interaction::http {

class Transfer;

// What one read from a connection brought.
struct Input {
  absl::string_view bytes;
  bool drained = false;  // nothing more was there to be read
};

// Lets the transfers of a turn do the same things one after the other: all read, then all parse what they have read;
// and, at the end of the turn, all write. With TLS the code of a read, of the parser and of a write together is larger
// than the processor's instruction cache (lane/stages.h does the same for calls). Not thread-safe.
class Batches final : private event::Loop::AfterEvents, private event::Loop::EndOfTurn {
 public:
  explicit Batches(event::Loop* loop) : loop_(*loop) {}
  ~Batches();

  // Where to read to, 16 KiB. Each call yields the same until ParseLater().
  absl::Span<char> Room() { return absl::MakeSpan(buffer_).subspan(used_, kReadBytes); }

  // Calls transfer->Decrypt() once the other connections that are ready have been read, or at once for lack of room;
  // and Parse() once others are decrypted. `input` lies in Room(). For what acts on a ready descriptor; the transfer
  // may end within.
  void ParseLater(Transfer* transfer, const Input& input);

  // At the end of the turn, calls transfer->PrepareRequest(), EncryptRequest(), SendRequest() and ExpectAnswer(), each
  // once the other transfers have come as far. The transfer has a connection that was kept.
  void SendLater(Transfer* transfer);

  // Does neither for this transfer.
  void Forget(Transfer* transfer);

 private:
  struct Unparsed {
    Transfer* transfer;  // null: forgotten
    Input input;
  };

  struct Range {
    size_t begin;
    size_t size;
    absl::string_view Of(absl::string_view text) const { return text.substr(begin, size); }
  };

  static constexpr size_t kReadBytes = 16 << 10;
  static constexpr size_t kTextBytes = 128 << 10;  // of requests; more for one only

  void OnAfterEvents() override;
  void OnEndOfTurn() override;
  void ParseAll();
  size_t DecryptSome(size_t first);
  void PrepareSome(size_t first);
  void EncryptSome(size_t first);
  void SendSome(size_t first);

  event::Loop& loop_;
  std::vector<Unparsed> unparsed_;
  std::vector<Transfer*> unsent_;
  std::vector<Transfer*> sending_;  // of the turn that ends; null: forgotten
  std::vector<Range> requests_;     // of some of them: in `text_`, or with TLS in `wire_`
  std::string text_;
  std::string wire_;
  bool parses_soon_ = false;  // listed in the loop
  size_t used_ = 0;           // of the buffer: at most twice kReadBytes received, and as many decrypted
  std::array<char, 5 * kReadBytes> buffer_;
};

}  // namespace interaction::http
