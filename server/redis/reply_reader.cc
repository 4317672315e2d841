#include "server/redis/reply_reader.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/redis/server_error.h"

namespace interaction::redis {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";

absl::Status NotAReply(absl::string_view why) { return absl::InternalError(absl::StrCat("not a Redis reply: ", why)); }

absl::Status TooLarge(int64_t size, absl::string_view of_what, size_t limit) {
  return absl::InternalError(absl::StrCat("Redis announced a reply of ", size, " ", of_what, ", more than ", limit));
}

Reply Text(absl::string_view text) {
  Reply reply;
  reply.kind = Reply::Kind::kString;
  reply.text = std::string(text);
  return reply;
}

// SimpleAtoi accepts surrounding blanks and a plus sign.
std::optional<int64_t> ToInteger(absl::string_view line) {
  const absl::string_view digits = line.substr(!line.empty() && line[0] == '-' ? 1 : 0);
  int64_t number = 0;
  const bool plain = !digits.empty() && digits.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!plain || !absl::SimpleAtoi(line, &number)) return std::nullopt;
  return number;
}

}  // namespace

absl::Status ReplyReader::Read(absl::string_view bytes, OnReply on_reply) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_.append(bytes.data(), bytes.size());
  while (true) {
    ASSIGN_OR_RETURN(const bool read, ReadItem());
    if (!read) return absl::OkStatus();
    if (complete_) RETURN_IF_ERROR(on_reply(TakeReply()));
  }
}

// Reads one item: a string, a number, the head of an array. False if it is incomplete.
absl::StatusOr<bool> ReplyReader::ReadItem() {
  if (string_size_) return ReadString(*string_size_);
  const std::optional<absl::string_view> line = TakeLine();
  if (!line) {
    if (buffer_.size() - at_ > limits_.line_bytes) return NotAReply("a line without an end");
    return false;
  }
  if (line->empty()) return NotAReply("an empty line");
  const absl::string_view rest = line->substr(1);
  switch (line->front()) {
    case '+':
      Add(Text(rest));
      return true;
    case '-':
      error_.Update(ServerError(rest));
      Add(Reply());
      return true;
    default:
      break;
  }
  const std::optional<int64_t> number = ToInteger(rest);
  if (!number) return NotAReply("a number is expected");
  switch (line->front()) {
    case ':': {
      Reply reply;
      reply.kind = Reply::Kind::kInteger;
      reply.integer = *number;
      Add(std::move(reply));
      return true;
    }
    case '$':
      return ReadString(*number);
    case '*':
      RETURN_IF_ERROR(OpenArray(*number));
      return true;
    default:
      return NotAReply("of an unknown type");
  }
}

absl::StatusOr<bool> ReplyReader::ReadString(int64_t size) {
  if (size == -1) {
    Add(Reply());
    return true;
  }
  if (size < 0) return NotAReply("a negative size");
  if (!string_size_) {
    if (static_cast<uint64_t>(size) > limits_.bytes - bytes_) return TooLarge(size, "bytes", limits_.bytes);
    bytes_ += static_cast<size_t>(size);
    string_size_ = size;
  }
  const absl::string_view there = absl::string_view(buffer_).substr(at_);
  const size_t length = static_cast<size_t>(size);
  if (there.size() < length + kLineEnd.size()) return false;
  if (there.substr(length, kLineEnd.size()) != kLineEnd) return NotAReply("a string without an end");
  at_ += length + kLineEnd.size();
  string_size_.reset();
  Add(Text(there.substr(0, length)));
  return true;
}

absl::Status ReplyReader::OpenArray(int64_t size) {
  if (size == -1) {
    Add(Reply());
    return absl::OkStatus();
  }
  if (size < 0) return NotAReply("a negative size");
  if (static_cast<uint64_t>(size) > limits_.elements - elements_) return TooLarge(size, "elements", limits_.elements);
  if (open_.size() >= limits_.depth) return NotAReply(absl::StrCat("arrays more than ", limits_.depth, " deep"));
  elements_ += static_cast<size_t>(size);
  Reply array;
  array.kind = Reply::Kind::kArray;
  if (size == 0) {
    Add(std::move(array));
  } else {
    open_.push_back({std::move(array), static_cast<size_t>(size)});
  }
  return absl::OkStatus();
}

std::optional<absl::string_view> ReplyReader::TakeLine() {
  const absl::string_view there = absl::string_view(buffer_).substr(at_);
  const size_t end = there.substr(0, limits_.line_bytes + kLineEnd.size()).find(kLineEnd);
  if (end == absl::string_view::npos) return std::nullopt;
  at_ += end + kLineEnd.size();
  return there.substr(0, end);
}

// Adds a complete item to its array, which may complete that one, too.
void ReplyReader::Add(Reply reply) {
  while (!open_.empty()) {
    Open& innermost = open_.back();
    innermost.array.elements.push_back(std::move(reply));
    if (--innermost.missing > 0) return;
    reply = std::move(innermost.array);
    open_.pop_back();
  }
  complete_ = std::move(reply);
}

absl::StatusOr<Reply> ReplyReader::TakeReply() {
  absl::StatusOr<Reply> reply = *std::exchange(complete_, std::nullopt);
  if (!error_.ok()) reply = std::exchange(error_, absl::OkStatus());
  elements_ = 0;
  bytes_ = 0;
  return reply;
}

}  // namespace interaction::redis
