#include "server/front/front_call.h"

#include <utility>

#include "server/base/errors.h"

namespace interaction::front {
namespace {

// Bytes of a stream that may wait to be sent before its handler has to wait, too.
constexpr size_t kUnsentBeforeWait = 64 << 10;

// Messages that may wait to be read before the client has to wait.
constexpr size_t kMessagesBeforeWait = 8;

Reason ReasonOf(h2::Refusal::Kind kind) {
  switch (kind) {
    case h2::Refusal::Kind::kHeadersTooLarge:
      return Reason::kMetadataTooLarge;
    case h2::Refusal::Kind::kUnknownEncoding:
      return Reason::kUnsupportedEncoding;
    case h2::Refusal::Kind::kMessageTooLarge:
      return Reason::kMessageTooLarge;
    case h2::Refusal::Kind::kMalformedHeader:
    case h2::Refusal::Kind::kMalformedMessage:
      return Reason::kMalformedRequest;
  }
  return Reason::kMalformedRequest;
}

}  // namespace

FrontCall::FrontCall(Connection* connection, h2::StreamId stream, const h2::RequestHead* head)
    : ServerCall(connection->context().lane),
      connection_(connection),
      stream_(stream),
      head_(head),
      peer_(connection->peer()),
      arrived_(lane()->loop().turn_time()),
      calls_open_(connection->context().calls_open) {
  calls_open_->fetch_add(1, std::memory_order_relaxed);
}

FrontCall::~FrontCall() {
  if (connection_) connection_->Remove(stream_);
  calls_open_->fetch_sub(1, std::memory_order_release);
}

std::optional<absl::Duration> FrontCall::time_left() const {
  if (!head_->timeout) return std::nullopt;
  return *head_->timeout - absl::Nanoseconds(lane()->loop().turn_time() - arrived_);
}

void FrontCall::Abort() {
  if (connection_ == nullptr) return;
  connection_->session().Reset(stream_);
  connection_->WriteSoon();
}

// --- reading -------------------------------------------------------------------------------------------------------

std::optional<bool> FrontCall::StartRead() {
  if (!waiting_.empty()) {
    message_ = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    has_message_ = true;
    if (held_back_ && waiting_.empty() && connection_) {
      held_back_ = false;
      connection_->session().SetReading(stream_, true);
      connection_->WriteSoon();
    }
    return true;
  }
  if (half_closed_ || connection_ == nullptr || !refusal_.ok()) return false;
  return std::nullopt;
}

void FrontCall::OnMessage(std::string message) {
  if (reading()) {
    message_ = std::move(message);
    has_message_ = true;
    return CompleteRead(true);
  }
  waiting_.push_back(std::move(message));
  if (waiting_.size() < kMessagesBeforeWait || held_back_) return;
  held_back_ = true;
  connection_->session().SetReading(stream_, false);
}

void FrontCall::OnHalfClosed() {
  half_closed_ = true;
  CompleteRead(false);
}

void FrontCall::OnRefused(const h2::Refusal& refusal) {
  Refuse(Error(ReasonOf(refusal.kind)).In(Phase::kParse).With("detail", refusal.message));
}

void FrontCall::GiveUpReading() { Refuse(Error(Reason::kDeadlineBeforeSend).In(Phase::kParse)); }

void FrontCall::Refuse(absl::Status error) {
  refusal_ = std::move(error);
  CompleteRead(false);
}

// --- answering -----------------------------------------------------------------------------------------------------

bool FrontCall::StartWrite(std::string message, lane::Operation* done) {
  if (connection_ == nullptr) {
    done->Complete(false);
    return false;
  }
  connection_->session().WriteMessage(stream_, message);
  connection_->WriteSoon();
  if (connection_->session().unsent_bytes(stream_) <= kUnsentBeforeWait) return true;
  writing_ = done;
  return false;
}

bool FrontCall::StartFinish(Ending ending, lane::Operation* done) {
  if (connection_ == nullptr) {
    done->Complete(false);
    return false;
  }
  finishing_ = done;
  std::optional<absl::string_view> reply;
  if (ending.reply) reply = *ending.reply;
  connection_->session().Finish(stream_, reply,
                                {.code = ending.status.code,
                                 .message = ending.status.message,
                                 .details = ending.status.details,
                                 .metadata = ending.trailers});
  connection_->WriteSoon();
  return false;
}

void FrontCall::OnDrained() {
  if (writing_) std::exchange(writing_, nullptr)->Complete(true);
}

void FrontCall::OnClosed(h2::StreamEnd end) {
  connection_ = nullptr;
  // Whoever awaited the end destroys this.
  if (finishing_) return std::exchange(finishing_, nullptr)->Complete(end == h2::StreamEnd::kComplete);
  KeepHead();
  lane::Operation* const writing = std::exchange(writing_, nullptr);
  const bool reads = reading();
  CallerIsGone();
  // The handler waits for one thing only. If that was the news of its caller, it may be gone.
  if (writing) return writing->Complete(false);
  if (reads) CompleteRead(false);
}

// The session forgets the stream's headers, but the handler may still look at them.
void FrontCall::KeepHead() {
  auto own = std::make_unique<OwnHead>();
  size_t size = head_->path.size();
  for (const MetadataEntry& entry : head_->metadata) size += entry.key.size() + entry.value.size();
  own->text.reserve(size);  // so that views of it stay valid
  const auto keep = [&](absl::string_view text) {
    const size_t at = own->text.size();
    own->text.append(text.data(), text.size());
    return absl::string_view(own->text.data() + at, text.size());
  };
  own->head.path = keep(head_->path);
  own->head.timeout = head_->timeout;
  for (const MetadataEntry& entry : head_->metadata) {
    const absl::string_view key = keep(entry.key);
    own->head.metadata.push_back({key, keep(entry.value)});
  }
  own_head_ = std::move(own);
  head_ = &own_head_->head;
}

}  // namespace interaction::front
