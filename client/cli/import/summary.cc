#include "client/cli/import/summary.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/import/progress.h"

namespace interaction::cli::import {
namespace {

constexpr absl::string_view kOutcomes[] = {"applied", "not_applied", "unknown", "invalid", "not_sent"};

}  // namespace

void Summary::Add(const RowResult& result) {
  ++rows_;
  ++outcomes_[result.outcome];
  if (result.reason.empty()) return;
  Reason& reason = reasons_[result.reason];
  if (reason.rows++ == 0) reason.to_do = result.outcome == "invalid" ? "correct the rows" : result.to_do;
}

uint64_t Summary::CountOf(absl::string_view outcome) const {
  const auto found = outcomes_.find(outcome);
  return found == outcomes_.end() ? 0 : found->second;
}

std::string Summary::Render(Format format) const {
  if (format != Format::kTable) {
    nlohmann::ordered_json json = {{"rows", rows_}};
    for (const absl::string_view outcome : kOutcomes) json[std::string(outcome)] = CountOf(outcome);
    json["reasons"] = nlohmann::ordered_json::object();
    for (const auto& [name, reason] : reasons_) {
      json["reasons"][name] = {{"rows", reason.rows}, {"to_do", reason.to_do}};
    }
    return Dump(json, format);
  }
  std::string text = absl::StrFormat("rows         %10s\n", WithCommas(rows_));
  for (const absl::string_view outcome : kOutcomes) {
    if (CountOf(outcome) > 0) absl::StrAppendFormat(&text, "%-12s %10s\n", outcome, WithCommas(CountOf(outcome)));
  }
  size_t width = 0;
  for (const auto& [name, reason] : reasons_) width = std::max(width, name.size());
  if (!reasons_.empty()) text += "\n";
  for (const auto& [name, reason] : reasons_) {
    absl::StrAppend(&text, name, std::string(width - name.size(), ' '),
                    absl::StrFormat("  %8s  ", WithCommas(reason.rows)), Printable(reason.to_do), "\n");
  }
  return text;
}

}  // namespace interaction::cli::import
