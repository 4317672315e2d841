#include "client/cli/import/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace interaction::cli::import {
namespace {

constexpr absl::Duration kOnTerminal = absl::Milliseconds(200);
constexpr absl::Duration kElsewhere = absl::Seconds(5);

constexpr absl::Duration kSampled = absl::Milliseconds(500);
constexpr absl::Duration kRecent = absl::Seconds(10);

constexpr size_t kBar = 24;

std::string Bar(double part) {
  const auto filled = static_cast<size_t>(part * kBar);
  std::string bar(kBar, ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < kBar) bar[filled] = '>';
  return absl::StrCat("[", bar, "] ");
}

// "3m20s", "44s": to the second.
std::string TimeLeft(double seconds) {
  return absl::FormatDuration(absl::Seconds(static_cast<int64_t>(std::ceil(seconds))));
}

}  // namespace

std::string WithCommas(uint64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string RenderProgress(const Counts& counts, const Rates& rates, size_t width) {
  const double part = counts.rows == 0 ? 1.0 : std::min(1.0, static_cast<double>(counts.finished()) / counts.rows);
  std::string text =
      absl::StrFormat("%s of %s  %.0f/s", WithCommas(counts.finished()), WithCommas(counts.rows), rates.sent);
  if (rates.finished > 0 && counts.finished() < counts.rows) {
    absl::StrAppend(&text, "  ", TimeLeft((counts.rows - counts.finished()) / rates.finished), " left");
  }
  if (counts.skipped > 0) absl::StrAppend(&text, "  ", WithCommas(counts.skipped), " done before");
  if (counts.not_applied > 0) absl::StrAppend(&text, "  ", WithCommas(counts.not_applied), " not opened");
  if (counts.unknown > 0) absl::StrAppend(&text, "  ", WithCommas(counts.unknown), " unknown");
  if (counts.invalid > 0) absl::StrAppend(&text, "  ", WithCommas(counts.invalid), " invalid");
  const std::string percent = absl::StrFormat("%3.0f%% ", std::floor(part * 100));
  const std::string bar = Bar(part);
  const bool room = percent.size() + bar.size() + text.size() <= width;
  return absl::StrCat(percent, room ? bar : "", text).substr(0, width);
}

void Progress::Show(const Counts& counts, absl::Time now) {
  if (now - samples_.back().time >= kSampled) samples_.push_back({now, counts.sent(), counts.finished()});
  while (samples_.size() > 1 && now - samples_[1].time >= kRecent) samples_.pop_front();
  if (now - last_ >= (terminal_ ? kOnTerminal : kElsewhere)) Write(counts, RatesOf(counts, samples_.front(), now), now);
}

Rates Progress::RatesOf(const Counts& counts, const Sample& since, absl::Time now) const {
  const double seconds = absl::ToDoubleSeconds(now - since.time);
  if (seconds <= 0) return {};
  return {(counts.sent() - since.sent) / seconds, (counts.finished() - since.finished) / seconds};
}

void Progress::Write(const Counts& counts, const Rates& rates, absl::Time now) {
  last_ = now;
  const std::string line = RenderProgress(counts, rates, width_);
  if (terminal_) {
    err_ << "\r" << line << "\x1b[K" << std::flush;
  } else {
    err_ << line << "\n" << std::flush;
  }
}

void Progress::Tell(absl::string_view text) {
  err_ << (terminal_ ? "\r" : "") << text << (terminal_ ? "\x1b[K\n" : "\n") << std::flush;
}

void Progress::End(const Counts& counts, absl::Time now) {
  Write(counts, RatesOf(counts, {begin_, 0, 0}, now), now);  // of all of it
  if (terminal_) err_ << "\n" << std::flush;
}

}  // namespace interaction::cli::import
