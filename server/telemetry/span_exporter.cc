#include "server/telemetry/span_exporter.h"

#include <chrono>
#include <utility>

namespace interaction::telemetry {

SpanExporter::SpanExporter(const Options& options, Resource resource, Send send, OnFailure on_failure)
    : options_(options),
      resource_(std::move(resource)),
      send_(std::move(send)),
      on_failure_(std::move(on_failure)),
      thread_([this] { Run(); }) {}

SpanExporter::~SpanExporter() {
  {
    const MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SpanExporter::Add(absl::string_view span) {
  bool is_full;
  {
    const MutexLock lock(&mutex_);
    if (spans_ >= options_.max_queue) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (queue_.empty() || queue_.back().size() >= options_.max_batch) AddBatch();
    queue_.back().Add(span);
    ++spans_;
    is_full = queue_.back().size() == options_.max_batch;
  }
  if (is_full) changed_.notify_one();
}

void SpanExporter::AddBatch() {
  queue_.push_back(spare_ ? *std::move(spare_) : SpanBatch(resource_));
  spare_.reset();
}

void SpanExporter::Run() {
  SpanBatch batch(resource_);
  while (WaitForBatch(&batch)) {
    if (!SendBatch(&batch) && DropAllAtEnd()) return;
  }
}

// A collector that does not answer must not hold up the end.
bool SpanExporter::DropAllAtEnd() {
  const MutexLock lock(&mutex_);
  if (is_ending_) dropped_.fetch_add(spans_, std::memory_order_relaxed);
  return is_ending_;
}

// The next batch in place of one that was sent. False when there are no spans left and there will be none.
bool SpanExporter::WaitForBatch(SpanBatch* batch) {
  batch->Clear();
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.delay);
  const MutexLock lock(&mutex_);
  const auto has_full_batch = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !queue_.empty() && queue_.front().size() >= options_.max_batch;
  };
  bool is_late = false;
  while (!has_full_batch() && !is_ending_ && !is_late) {
    is_late = changed_.wait_until(mutex_, deadline) == std::cv_status::timeout;
  }
  if (queue_.empty()) return !is_ending_;
  std::swap(*batch, queue_.front());
  spare_ = std::move(queue_.front());
  queue_.pop_front();
  spans_ -= batch->size();
  return true;
}

bool SpanExporter::SendBatch(SpanBatch* batch) {
  if (batch->size() == 0) return true;
  const absl::Status status = send_(batch->ToRequest());
  if (status.ok()) {
    sent_.fetch_add(batch->size(), std::memory_order_relaxed);
    return true;
  }
  dropped_.fetch_add(batch->size(), std::memory_order_relaxed);
  if (on_failure_) on_failure_(status);
  return false;
}

}  // namespace interaction::telemetry
