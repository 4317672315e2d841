#include "server/h2/outgoing.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/h2/session.h"
#include "server/h2/status_encoding.h"

namespace interaction::h2 {

void Outgoing::Clear() {
  bytes_.clear();
  taken_ = 0;
  trailers_.clear();
  names_.clear();
  plain_success_ = trailers_sent_ = false;
}

void Outgoing::AddMessage(absl::string_view message) {
  if (taken_ == bytes_.size()) {
    bytes_.clear();
    taken_ = 0;
  }
  const auto size = static_cast<uint32_t>(message.size());
  const char prefix[] = {0, static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                         static_cast<char>(size)};
  bytes_.append(prefix, sizeof(prefix));
  bytes_.append(message.data(), message.size());
}

void Outgoing::Finish(const Trailers& trailers) {
  plain_success_ = trailers.code == 0 && trailers.message.empty() && trailers.metadata.empty();
  trailers_.push_back({"grpc-status", absl::StrCat(trailers.code)});
  if (!trailers.message.empty()) trailers_.push_back({"grpc-message", PercentEncode(trailers.message)});
  if (!trailers.details.empty()) trailers_.push_back({"grpc-status-details-bin", EncodeBinary(trailers.details)});
  names_.reserve(trailers.metadata.size());  // so that views of them stay valid
  for (const MetadataEntry& entry : trailers.metadata) {
    const bool is_binary = absl::EndsWith(entry.key, "-bin");
    names_.emplace_back(entry.key);
    trailers_.push_back({names_.back(), is_binary ? EncodeBinary(entry.value) : std::string(entry.value)});
  }
}

size_t Outgoing::Take(char* to, size_t room) {
  const size_t size = std::min(room, unsent());
  std::memcpy(to, bytes_.data() + taken_, size);
  taken_ += size;
  return size;
}

}  // namespace interaction::h2
