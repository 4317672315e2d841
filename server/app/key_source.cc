#include "server/app/key_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace interaction::app {
namespace {

constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Minutes(1);

}  // namespace

KeySource::KeySource(const Clock* clock, telemetry::Logger* log, Receiver receiver)
    : clock_(clock), log_(log), receiver_(std::move(receiver)), pause_(kFirstPause) {}

void KeySource::Use(const KeySourceOptions& options) {
  const MutexLock lock(&mutex_);
  if (stopped_) return;
  if (options.url.empty()) {
    due_ = kNever;
  } else if (options.url != options_.url) {
    due_ = 0;
  }
  options_ = options;
  changed_.notify_all();
  if (!options.url.empty() && !thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

bool KeySource::AskAgain() {
  const MutexLock lock(&mutex_);
  if (fetching_ || due_ == 0) return true;
  const bool too_soon = clock_->SteadyNow() - began_ < absl::ToInt64Nanoseconds(kAskNoSooner);
  if (options_.url.empty() || stopped_ || too_soon) return false;
  due_ = 0;
  changed_.notify_all();
  return true;
}

void KeySource::Stop() {
  {
    const MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void KeySource::Run() {
  mutex_.lock();
  while (!stopped_) {
    const SteadyTime now = clock_->SteadyNow();
    if (now < due_) {
      const SteadyTime wait = std::min<SteadyTime>(due_ - now, absl::ToInt64Nanoseconds(absl::Hours(1)));
      changed_.wait_for(mutex_, std::chrono::nanoseconds(wait));
      continue;
    }
    const KeySourceOptions options = options_;
    fetching_ = true;
    began_ = now;
    mutex_.unlock();
    const SteadyTime next = Fetch(options);
    mutex_.lock();
    fetching_ = false;
    // Another URL, or none, may have been set meanwhile.
    if (options_.url == options.url) due_ = next;
  }
  mutex_.unlock();
}

// Returns when to fetch again.
SteadyTime KeySource::Fetch(const KeySourceOptions& options) {
  absl::StatusOr<std::string> key_set = http::Download(options.url, options.download);
  absl::Status status = key_set.status();
  if (status.ok()) status = receiver_(*std::move(key_set));
  if (!status.ok()) Report(status);
  const absl::Duration wait = status.ok() ? options.refresh : std::min(pause_, options.refresh);
  pause_ = status.ok() ? kFirstPause : std::min(2 * pause_, kLongestPause);
  return clock_->SteadyNow() + absl::ToInt64Nanoseconds(wait);
}

void KeySource::Report(const absl::Status& status) const {
  if (log_ == nullptr) return;
  log_->Log(telemetry::LogLevel::kWarning, "callers.jwks_url: keys could not be fetched; those that are there stay",
            {{"text", status.message()}});
}

}  // namespace interaction::app
