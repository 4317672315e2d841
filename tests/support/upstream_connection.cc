#include "tests/support/upstream_connection.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace interaction::testing {
namespace {

// So that one endless answer does not keep the thread from everybody else.
constexpr size_t kBytesPerTurn = 1 << 20;

// Chunked requests are not understood: nothing under test sends them.
size_t BodySize(const RecordedRequest& request) {
  for (const http::Header& header : request.headers) {
    size_t size = 0;
    if (absl::EqualsIgnoreCase(header.name, "Content-Length") && absl::SimpleAtoi(header.value, &size)) return size;
  }
  return 0;
}

}  // namespace

std::optional<RecordedRequest> ParseHead(absl::string_view bytes, size_t* size) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == absl::string_view::npos) return std::nullopt;
  *size = end + 4;
  const std::vector<absl::string_view> lines = absl::StrSplit(bytes.substr(0, end), "\r\n");
  RecordedRequest request;
  const std::vector<std::string> start = absl::StrSplit(lines[0], absl::MaxSplits(' ', 2));
  request.method = start[0];
  if (start.size() > 1) request.target = start[1];
  if (start.size() > 2) request.version = start[2];
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    request.headers.push_back({std::string(field.first), std::string(absl::StripAsciiWhitespace(field.second))});
  }
  return request;
}

UpstreamConnection::UpstreamConnection(int id, std::unique_ptr<Channel> channel, Script first,
                                       const ConnectionHooks* hooks)
    : id_(id), channel_(std::move(channel)), hooks_(hooks), steps_(first.begin(), first.end()) {}

UpstreamConnection::~UpstreamConnection() { EndAnswer(); }

void UpstreamConnection::Turn(SteadyTime now) {
  const bool client_is_there = Receive();
  wants_write_ = false;
  write_budget_ = kBytesPerTurn;
  due_.reset();
  while (!ended_ && !closing_) {
    if (steps_.empty()) {
      if (!StartNext(now)) break;
    } else if (!RunStep(steps_.front(), now)) {
      break;
    }
  }
  // Only now, because a client may hang up right behind a complete request, which counts.
  if (!client_is_there) ended_ = true;
}

void UpstreamConnection::Reset() {
  EndAnswer();
  channel_->Reset();
  ended_ = true;
}

// Reads everything that has arrived. Returns false if the client has hung up.
bool UpstreamConnection::Receive() {
  Io io;
  do {
    io = channel_->Read(&in_);
    if (closing_) in_.clear();
  } while (io == Io::kDone);
  return io == Io::kAgain;
}

// Turns what has been read into the next script. Returns false if there is too little for that.
bool UpstreamConnection::StartNext(SteadyTime now) {
  EndAnswer();
  Script script;
  if (!head_) {
    head_ = ParseHead(in_, &head_size_);
    if (!head_) return false;
    head_->connection = id_;
    head_->on_connection = requests_;
    if (hooks_->on_headers) script = hooks_->on_headers(*head_);
  } else {
    const size_t body_size = BodySize(*head_);
    if (in_.size() - head_size_ < body_size) return false;
    RecordedRequest request = *std::exchange(head_, std::nullopt);
    request.body = in_.substr(head_size_, body_size);
    request.arrived = now;
    in_.erase(0, head_size_ + body_size);
    ++requests_;
    answering_ = true;
    script = hooks_->on_request(request);
  }
  steps_.assign(script.begin(), script.end());
  return true;
}

void UpstreamConnection::EndAnswer() {
  if (std::exchange(answering_, false)) hooks_->on_answered();
}

// Returns false if the step has to wait.
bool UpstreamConnection::RunStep(const Step& step, SteadyTime now) {
  switch (step.kind) {
    case Step::Kind::kSend:
      return SendRepeatedly(step);
    case Step::Kind::kDrip:
      return DripNext(step, now);
    case Step::Kind::kPause:
      if (round_ == 0) round_ = now + absl::ToInt64Nanoseconds(step.interval);  // for a pause: when it is over
      if (!WaitUntil(round_, now)) return false;
      break;
    case Step::Kind::kWaitFor:
      // Asks again every millisecond: a notification cannot wake an epoll loop.
      if (!step.gate->HasBeenNotified()) return WaitUntil(now + 1'000'000, now);
      break;
    case Step::Kind::kAwaitBytes:
      if (in_.empty()) return false;
      break;
    case Step::Kind::kClose:
    case Step::Kind::kCut:
      EndAnswer();  // first, so that a client who has seen the end finds it counted
      step.kind == Step::Kind::kClose ? channel_->End() : channel_->Cut();
      closing_ = true;
      break;
    case Step::Kind::kReset:
      Reset();
      return true;
    case Step::Kind::kHang:
      return false;
  }
  FinishStep();
  return true;
}

bool UpstreamConnection::WaitUntil(SteadyTime time, SteadyTime now) {
  if (time <= now) return true;
  due_ = time;
  return false;
}

// Returns whether something was written; if not, the socket is full or gone.
bool UpstreamConnection::WriteSome(absl::string_view bytes) {
  size_t written = 0;
  switch (write_budget_ == 0 ? Io::kAgain : channel_->Write(bytes.substr(0, write_budget_), &written)) {
    case Io::kDone:
      offset_ += written;
      write_budget_ -= written;
      return true;
    case Io::kAgain:
      wants_write_ = true;
      return false;
    default:
      ended_ = true;
      return false;
  }
}

bool UpstreamConnection::SendRepeatedly(const Step& step) {
  for (; round_ < step.times; ++round_, offset_ = 0) {
    while (offset_ < step.bytes.size()) {
      if (!WriteSome(absl::string_view(step.bytes).substr(offset_))) return false;
    }
  }
  FinishStep();
  return true;
}

bool UpstreamConnection::DripNext(const Step& step, SteadyTime now) {
  if (!WaitUntil(round_, now)) return false;  // for a drip: when the next byte is due
  if (offset_ == step.bytes.size()) {
    FinishStep();
    return true;
  }
  if (!WriteSome(absl::string_view(step.bytes).substr(offset_, 1))) return false;
  round_ = now + absl::ToInt64Nanoseconds(step.interval);
  return true;
}

void UpstreamConnection::FinishStep() {
  steps_.pop_front();
  round_ = 0;
  offset_ = 0;
}

}  // namespace interaction::testing
