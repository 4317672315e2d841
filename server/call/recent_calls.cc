#include "server/call/recent_calls.h"

#include <string.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "server/call/log_fields.h"

namespace interaction::call {
namespace {

// The texts of a call, in their order in a record, and how many bytes of each are kept.
enum Text { kCaller, kHost, kRequestId, kInteractionId, kTraceId, kDetail };
constexpr std::array<size_t, kDetail + 1> kLongest = {128, 96, 36, 64, 32, 96};
constexpr size_t kAllTexts = 128 + 96 + 36 + 64 + 32 + 96;
constexpr absl::string_view kCut = "...";

constexpr uint8_t kNone = std::numeric_limits<uint8_t>::max();
static_assert(kReasons < kNone && kPhases < kNone);

// The part of a record that has always the same size; the texts follow, one after the other.
struct Head {
  uint64_t number = 0;  // of the lane's calls
  SteadyTime ended = 0;
  int64_t duration = 0;                       // nanoseconds
  std::array<uint32_t, kPhases> in_phases{};  // microseconds
  uint32_t request_bytes = 0;
  uint32_t reply_bytes = 0;
  uint16_t http_status = 0;
  uint8_t attempts = 0;
  uint8_t rpc = 0;
  uint8_t code = 0;
  uint8_t reason = kNone;
  uint8_t outcome = 0;
  uint8_t phase = kNone;
  bool is_late_answer = false;
  bool replayed = false;
  bool bypassed = false;
  std::array<uint8_t, kLongest.size()> sizes{};
};

static_assert(std::is_trivially_copyable_v<Head>);

constexpr size_t kWords = (sizeof(Head) + kAllTexts + 7) / 8;

template <typename To>
To Clamp(int64_t value) {
  return static_cast<To>(std::clamp<int64_t>(value, 0, std::numeric_limits<To>::max()));
}

// A record while it is put together.
class Record {
 public:
  Head head;

  // In the order of Text, each at most once; what is left out at the end is "". The parts are written one after the
  // other.
  void Put(Text text, std::initializer_list<absl::string_view> parts) {
    size_t left = kLongest[text], size = 0;
    for (const absl::string_view part : parts) {
      const size_t taken = std::min(left, part.size());
      std::copy_n(part.data(), taken, texts() + used_ + size);  // an empty part may have no address
      size += taken;
      left -= taken;
      if (taken < part.size()) {
        size = Cut(size);
        break;
      }
    }
    head.sizes[text] = static_cast<uint8_t>(size);
    used_ += size;
  }

  // Calls `store(index, word)` for each word of the record.
  template <typename Store>
  void ForEachWord(Store&& store) {
    memcpy(words_.data(), &head, sizeof(head));
    const size_t used = (sizeof(head) + used_ + 7) / 8;
    for (size_t i = 0; i < used; ++i) store(i, words_[i]);
  }

 private:
  // Ends the text of `size` bytes with kCut in the place of its last characters, of which none is cut in two.
  size_t Cut(size_t size) {
    char* const text = texts() + used_;
    size -= kCut.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    memcpy(text + size, kCut.data(), kCut.size());
    return size + kCut.size();
  }

  char* texts() { return reinterpret_cast<char*>(words_.data()) + sizeof(head); }

  size_t used_ = 0;  // bytes of texts
  std::array<uint64_t, kWords> words_{};
};

void PutCaller(const Call& call, absl::string_view refused, Record* record) {
  if (call.caller.proof == auth::Proof::kNone) return record->Put(kCaller, {refused});
  record->Put(kCaller, {auth::ProofName(call.caller.proof), ":", call.caller.identity});
}

void PutError(const absl::Status& status, const ErrorDetails& error, Record* record) {
  record->head.code = static_cast<uint8_t>(status.code());
  record->head.reason = static_cast<uint8_t>(error.reason);
  record->head.outcome = static_cast<uint8_t>(error.outcome);
  if (error.phase) record->head.phase = static_cast<uint8_t>(*error.phase);
}

void PutTimes(const Call& call, Record* record) {
  for (size_t i = 0; i < kPhases; ++i) {
    const auto phase = static_cast<Phase>(i);
    if (call.times.Began(phase) == 0) continue;
    record->head.in_phases[i] = Clamp<uint32_t>(absl::ToInt64Microseconds(call.times.In(phase)));
  }
}

}  // namespace

// Records that one thread writes and others read: as with telemetry::Histogram's exemplars, the version is odd during a
// write, and whoever sees one word of it sees the odd version, too.
class RecentCalls::Ring {
 public:
  explicit Ring(size_t slots) : slots_(slots) {}

  void Write(Record* record) {
    Slot& slot = slots_[written_ % slots_.size()];
    record->head.number = written_++;
    const uint32_t version = slot.version.load(std::memory_order_relaxed);
    slot.version.store(version + 1, std::memory_order_relaxed);
    record->ForEachWord([&slot](size_t i, uint64_t word) { slot.words[i].store(word, std::memory_order_release); });
    slot.version.store(version + 2, std::memory_order_release);
  }

  // Calls `take(head, texts)` for each record that is whole.
  template <typename Take>
  void Read(Take&& take) const {
    for (const Slot& slot : slots_) {
      std::array<uint64_t, kWords> words;
      const uint32_t version = slot.version.load(std::memory_order_acquire);
      if (version == 0 || version % 2 != 0) continue;
      for (size_t i = 0; i < kWords; ++i) words[i] = slot.words[i].load(std::memory_order_acquire);
      if (slot.version.load(std::memory_order_relaxed) != version) continue;
      Head head;
      memcpy(static_cast<void*>(&head), words.data(), sizeof(head));
      take(head, reinterpret_cast<const char*>(words.data()) + sizeof(head));
    }
  }

 private:
  struct Slot {
    std::atomic<uint32_t> version{0};
    std::array<std::atomic<uint64_t>, kWords> words{};
  };

  std::vector<Slot> slots_;
  uint64_t written_ = 0;
};

RecentCalls::RecentCalls(size_t lanes, size_t kept, std::vector<std::pair<std::string, std::string>> rpcs)
    : kept_(kept), rpcs_(std::move(rpcs)) {
  assert(rpcs_.size() <= kNone);
  for (size_t i = 0; i < lanes; ++i) rings_.push_back(std::make_unique<Ring>(kept));
}

RecentCalls::~RecentCalls() = default;

std::optional<uint8_t> RecentCalls::IndexOf(absl::string_view upstream) const {
  for (size_t i = 0; i < rpcs_.size(); ++i) {
    if (rpcs_[i].first == upstream) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

void RecentCalls::OnEnd(const Call& call) {
  const std::optional<uint8_t> rpc = IndexOf(call.upstream->name);
  if (!rpc) return;
  const CallResult& result = call.result;
  Record record;
  std::optional<ErrorDetails> error;
  record.head.outcome = static_cast<uint8_t>(Outcome::kApplied);
  if (!result.status.ok()) {
    error = GetErrorDetails(result.status);
    PutError(result.status, *error, &record);
  }
  record.head.rpc = *rpc;
  record.head.ended = call.lane->clock().SteadyNow();
  record.head.duration = record.head.ended - call.arrived;
  record.head.request_bytes = static_cast<uint32_t>(call.request_bytes);
  record.head.reply_bytes = static_cast<uint32_t>(result.reply_bytes);
  record.head.http_status = Clamp<uint16_t>(result.http_status);
  record.head.attempts = Clamp<uint8_t>(result.attempts);
  record.head.replayed = result.replayed;
  record.head.bypassed = result.bypassed;
  PutTimes(call, &record);
  PutCaller(call, error ? CallerIn(*error) : absl::string_view(), &record);
  record.Put(kHost, {call.authority});
  record.Put(kRequestId, {call.request_id});
  record.Put(kInteractionId, {result.interaction_id});
  record.Put(kTraceId, {call.trace_id()});
  if (error && !error->field_violations.empty()) {
    record.Put(kDetail, {FieldsIn(*error)});
  } else if (error) {
    record.Put(kDetail, {DetailIn(*error)});
  }
  rings_[call.lane->index()]->Write(&record);
}

void RecentCalls::OnAttemptEnd(const Call& call, const AttemptResult& attempt) {
  const std::optional<uint8_t> rpc = IndexOf(call.upstream->name);
  if (!attempt.is_late || !rpc) return;
  Record record;
  record.head.outcome = static_cast<uint8_t>(Outcome::kApplied);
  if (!attempt.status.ok()) PutError(attempt.status, GetErrorDetails(attempt.status), &record);
  record.head.is_late_answer = true;
  record.head.rpc = *rpc;
  record.head.ended = call.lane->clock().SteadyNow();
  record.head.duration = absl::ToInt64Nanoseconds(attempt.duration);
  record.head.http_status = Clamp<uint16_t>(attempt.http_status);
  record.head.attempts = Clamp<uint8_t>(attempt.number);
  PutCaller(call, "", &record);
  record.Put(kHost, {call.authority});
  record.Put(kRequestId, {call.request_id});
  record.Put(kInteractionId, {attempt.interaction_id});
  record.Put(kTraceId, {call.trace_id()});
  rings_[call.lane->index()]->Write(&record);
}

std::vector<RecentCall> RecentCalls::Read(const Clock& clock) const {
  std::vector<RecentCall> calls;
  const absl::Time wall = clock.WallNow();
  const SteadyTime steady = clock.SteadyNow();
  for (size_t lane = 0; lane < rings_.size(); ++lane) {
    rings_[lane]->Read([&](const Head& head, const char* texts) {
      const auto next = [&](Text text) {
        const char* const begin = std::exchange(texts, texts + head.sizes[text]);
        return std::string(begin, head.sizes[text]);
      };
      RecentCall call{.id = absl::StrCat(lane, "-", head.number),
                      .is_late_answer = head.is_late_answer,
                      .ended = wall - absl::Nanoseconds(steady - head.ended),
                      .duration = absl::Nanoseconds(head.duration),
                      .upstream = rpcs_[head.rpc].first,
                      .method = rpcs_[head.rpc].second,
                      .code = static_cast<absl::StatusCode>(head.code),
                      .outcome = static_cast<Outcome>(head.outcome)};
      if (head.reason != kNone) call.reason = static_cast<Reason>(head.reason);
      if (head.phase != kNone) call.phase = static_cast<Phase>(head.phase);
      for (size_t i = 0; i < kPhases; ++i) call.in_phases[i] = absl::Microseconds(head.in_phases[i]);
      call.caller = next(kCaller);
      call.host = next(kHost);
      call.request_id = next(kRequestId);
      call.interaction_id = next(kInteractionId);
      call.trace_id = next(kTraceId);
      call.detail = next(kDetail);
      call.http_status = head.http_status;
      call.attempts = head.attempts;
      call.replayed = head.replayed;
      call.bypassed = head.bypassed;
      call.request_bytes = head.request_bytes;
      call.reply_bytes = head.reply_bytes;
      calls.push_back(std::move(call));
    });
  }
  std::sort(calls.begin(), calls.end(), [](const auto& a, const auto& b) { return a.ended > b.ended; });
  if (calls.size() > kept_) calls.resize(kept_);
  return calls;
}

}  // namespace interaction::call
