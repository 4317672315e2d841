#pragma once

#include <cstdint>
#include <deque>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::cli::import {

struct Counts {
  uint64_t rows = 0;         // in the input
  uint64_t applied = 0;      // opened in this run
  uint64_t skipped = 0;      // done before, so not sent
  uint64_t not_applied = 0;  // surely not opened
  uint64_t unknown = 0;
  uint64_t invalid = 0;  // break a rule: not sent

  uint64_t sent() const { return applied + not_applied + unknown; }
  uint64_t finished() const { return sent() + skipped + invalid; }
};

// Rows a second.
struct Rates {
  double sent = 0;
  double finished = 0;  // with those that are passed over: what the time left comes from
};

// "  45% [=========>          ]  45,000 of 100,000  1,250/s  44s left  12 not opened  3 unknown". Not longer than
// `width`; without a bar where there is no room for one.
std::string RenderProgress(const Counts& counts, const Rates& rates, size_t width);

// "1,234,567".
std::string WithCommas(uint64_t number);

// Shows the progress: on a terminal in one line that changes, elsewhere a line every few seconds.
class Progress {
 public:
  Progress(std::ostream& err, bool terminal, size_t width, absl::Time begin)
      : err_(err), terminal_(terminal), width_(width), begin_(begin), last_(begin), samples_{{begin, 0, 0}} {}

  void Show(const Counts& counts, absl::Time now);
  // A line of text besides.
  void Tell(absl::string_view text);
  // Ends the line, so that other text can follow.
  void End(const Counts& counts, absl::Time now);

 private:
  struct Sample {
    absl::Time time;
    uint64_t sent;
    uint64_t finished;
  };

  void Write(const Counts& counts, const Rates& rates, absl::Time now);
  Rates RatesOf(const Counts& counts, const Sample& since, absl::Time now) const;

  std::ostream& err_;
  const bool terminal_;
  const size_t width_;
  const absl::Time begin_;
  absl::Time last_;
  std::deque<Sample> samples_;  // of the last seconds, which the rates are of
};

}  // namespace interaction::cli::import
