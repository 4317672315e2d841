#include "client/cli/import/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace interaction::cli::import {
namespace {

constexpr absl::Duration kOnTerminal = absl::Milliseconds(200);
constexpr absl::Duration kElsewhere = absl::Seconds(5);

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

std::string RenderProgress(const Counts& counts, absl::Duration elapsed, size_t width) {
  const double part = counts.rows == 0 ? 1.0 : std::min(1.0, static_cast<double>(counts.finished()) / counts.rows);
  const double seconds = absl::ToDoubleSeconds(elapsed);
  const double rate = seconds > 0 ? counts.sent() / seconds : 0;
  std::string text = absl::StrFormat("%s of %s  %.0f/s", WithCommas(counts.finished()), WithCommas(counts.rows), rate);
  if (rate > 0 && counts.finished() < counts.rows) {
    absl::StrAppend(&text, "  ", TimeLeft((counts.rows - counts.finished()) / rate), " left");
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
  if (now - last_ >= (terminal_ ? kOnTerminal : kElsewhere)) Write(counts, now);
}

void Progress::Write(const Counts& counts, absl::Time now) {
  last_ = now;
  const std::string line = RenderProgress(counts, now - begin_, width_);
  if (terminal_) {
    err_ << "\r" << line << "\x1b[K" << std::flush;
  } else {
    err_ << line << "\n" << std::flush;
  }
}

void Progress::End(const Counts& counts, absl::Time now) {
  Write(counts, now);
  if (terminal_) err_ << "\n" << std::flush;
}

}  // namespace interaction::cli::import
