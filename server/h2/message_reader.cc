#include "server/h2/message_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace interaction::h2 {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, and a gzip header

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

MessageReader::~MessageReader() {
  if (inflater_) inflateEnd(inflater_.get());
}

void MessageReader::Start(Encoding encoding, size_t max_message_bytes) {
  encoding_ = encoding;
  max_message_bytes_ = max_message_bytes;
  prefix_size_ = 0;
  message_.clear();
}

absl::StatusOr<std::optional<std::string>> MessageReader::Read(absl::string_view* bytes) {
  while (prefix_size_ < kPrefixSize) {
    if (bytes->empty()) return std::nullopt;
    prefix_[prefix_size_++] = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    if (prefix_size_ < kPrefixSize) continue;
    if (absl::Status status = ReadPrefix(); !status.ok()) return status;
  }
  const size_t taken = std::min(bytes->size(), message_size_ - message_.size());
  if (message_.empty() && taken > 0) message_.reserve(std::min(message_size_, std::max<size_t>(taken, 16 << 10)));
  message_.append(bytes->data(), taken);
  bytes->remove_prefix(taken);
  if (message_.size() < message_size_) return std::nullopt;
  prefix_size_ = 0;
  std::string message = std::exchange(message_, std::string());
  if (!compressed_) return message;
  return Decompress(message);
}

absl::Status MessageReader::ReadPrefix() {
  if (prefix_[0] > 1) return Malformed("The compressed flag of a message must be 0 or 1.");
  compressed_ = prefix_[0] == 1;
  message_size_ = size_t{prefix_[1]} << 24 | size_t{prefix_[2]} << 16 | size_t{prefix_[3]} << 8 | size_t{prefix_[4]};
  if (compressed_ && encoding_ == Encoding::kIdentity) {
    return Malformed("A message has the compressed flag although the request has no grpc-encoding.");
  }
  if (message_size_ > max_message_bytes_) return TooLarge(absl::StrCat("has ", message_size_, " bytes"));
  return absl::OkStatus();
}

absl::Status MessageReader::TooLarge(absl::string_view how) const {
  return absl::ResourceExhaustedError(
      absl::StrCat("The request message ", how, "; at most ", max_message_bytes_, " bytes are accepted."));
}

absl::StatusOr<std::string> MessageReader::Decompress(absl::string_view compressed) {
  if (!inflater_) {
    inflater_ = std::make_unique<z_stream>();
    if (inflateInit2(inflater_.get(), kGzipWindow) != Z_OK) {
      inflater_.reset();
      return absl::ResourceExhaustedError("There is no memory to decompress the request message.");
    }
  } else {
    inflateReset(inflater_.get());
  }
  std::string message;
  std::array<char, 16 << 10> chunk;
  inflater_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  inflater_->avail_in = static_cast<uInt>(compressed.size());
  while (true) {
    inflater_->next_out = reinterpret_cast<Bytef*>(chunk.data());
    inflater_->avail_out = chunk.size();
    const int result = inflate(inflater_.get(), Z_NO_FLUSH);
    if (result == Z_BUF_ERROR) return Malformed("The gzip data of the request message is incomplete.");
    if (result != Z_OK && result != Z_STREAM_END) return Malformed("The request message is not valid gzip.");
    const size_t size = chunk.size() - inflater_->avail_out;
    if (message.size() + size > max_message_bytes_) return TooLarge("is larger when it is decompressed");
    message.append(chunk.data(), size);
    if (result == Z_STREAM_END) break;
  }
  if (inflater_->avail_in > 0) return Malformed("The request message has bytes after its gzip data.");
  return message;
}

}  // namespace interaction::h2
