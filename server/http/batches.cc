#include "server/http/batches.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/http/transfer.h"

namespace interaction::http {

Batches::~Batches() {
  if (parses_soon_) loop_.RemoveFromAfterEvents(this);
  if (!unsent_.empty()) loop_.RemoveFromEndOfTurn(this);
}

void Batches::ParseLater(Transfer* transfer, const Input& input) {
  if (!std::exchange(parses_soon_, true)) loop_.RunAfterEvents(this);
  unparsed_.push_back({transfer, input});
  used_ += input.bytes.size();
  if (used_ > kReadBytes) ParseAll();
}

void Batches::OnAfterEvents() {
  parses_soon_ = false;
  ParseAll();
}

void Batches::ParseAll() {
  const size_t received = used_;
  for (size_t parsed = 0; parsed < unparsed_.size();) {
    used_ = received;
    const size_t end = DecryptSome(parsed);
    for (; parsed < end; ++parsed) {
      const Unparsed next = unparsed_[parsed];
      if (next.transfer != nullptr) next.transfer->Parse(next.input);
    }
  }
  unparsed_.clear();
  used_ = 0;
}

// From this one on, as many as there is room for. Returns the first that is left.
size_t Batches::DecryptSome(size_t first) {
  const size_t received = used_;
  for (; first < unparsed_.size() && used_ - received <= kReadBytes; ++first) {
    Unparsed& next = unparsed_[first];
    if (next.transfer == nullptr || !next.transfer->has_tls()) continue;
    Input text;
    const bool has_text = next.transfer->Decrypt(next.input, &text);
    next.input = text;
    used_ += text.bytes.size();
    if (!has_text) next.transfer = nullptr;
  }
  return first;
}

void Batches::SendLater(Transfer* transfer) {
  if (unsent_.empty()) loop_.RunAtEndOfTurn(this);
  unsent_.push_back(transfer);
}

// A transfer that begins meanwhile, because another could not be sent and is tried again, is for the next turn.
void Batches::OnEndOfTurn() {
  sending_.swap(unsent_);
  for (size_t sent = 0; sent < sending_.size();) {
    PrepareSome(sent);
    EncryptSome(sent);
    SendSome(sent);
    for (const size_t end = sent + requests_.size(); sent < end; ++sent) {
      if (sending_[sent] != nullptr) sending_[sent]->ExpectAnswer();
    }
  }
  sending_.clear();
}

// As many as there is room for, and at least one.
void Batches::PrepareSome(size_t first) {
  requests_.clear();
  size_t most = 0;  // of bytes, encrypted or not
  for (size_t i = first; i < sending_.size(); ++i) {
    Transfer* const transfer = sending_[i];
    const size_t begin = text_.size();
    if (transfer != nullptr) {
      const size_t more = transfer->MaxWireSize();
      if (most > 0 && most + more > kTextBytes) return;
      if (most == 0) text_.reserve(std::max(kTextBytes, more));  // growing would leave copies of secrets behind
      most += more;
      transfer->PrepareRequest(&text_);
    }
    requests_.push_back({begin, text_.size() - begin});
  }
}

void Batches::EncryptSome(size_t first) {
  for (size_t i = 0; i < requests_.size(); ++i) {
    Transfer* const transfer = sending_[first + i];
    if (transfer == nullptr || !transfer->has_tls()) continue;
    Range& request = requests_[i];
    const size_t begin = wire_.size();
    if (begin == 0) wire_.reserve(text_.capacity());
    transfer->EncryptRequest(request.Of(text_), &wire_);
    request = {begin, wire_.size() - begin};
  }
}

void Batches::SendSome(size_t first) {
  for (size_t i = 0; i < requests_.size(); ++i) {
    Transfer*& transfer = sending_[first + i];
    if (transfer == nullptr) continue;
    const absl::string_view request = requests_[i].Of(transfer->has_tls() ? wire_ : text_);
    if (!transfer->SendRequest(request)) transfer = nullptr;
  }
  explicit_bzero(text_.data(), text_.size());  // secrets are in it; Wipe() would take its whole capacity
  text_.clear();
  wire_.clear();
}

void Batches::Forget(Transfer* transfer) {
  for (Unparsed& next : unparsed_) {
    if (next.transfer == transfer) next.transfer = nullptr;
  }
  for (auto* const list : {&unsent_, &sending_}) {
    std::replace(list->begin(), list->end(), transfer, static_cast<Transfer*>(nullptr));
  }
}

}  // namespace interaction::http
