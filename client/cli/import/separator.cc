#include "client/cli/import/separator.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"

namespace interaction::cli::import {
namespace {

constexpr absl::string_view kCandidates = ",;\t";

// The first record of `text`, whose cells may contain line ends between quotes.
absl::string_view FirstRecord(absl::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && i > 0 && (text[i] == '\n' || text[i] == '\r')) return text.substr(0, i);
  }
  return text;
}

size_t CountOutsideQuotes(absl::string_view record, char wanted) {
  bool quoted = false;
  size_t count = 0;
  for (const char c : record) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == wanted) ++count;
  }
  return count;
}

}  // namespace

Separator FindSeparator(absl::string_view text) {
  const absl::string_view first = FirstRecord(text);
  if (first.size() == 5 && absl::StartsWithIgnoreCase(first, "sep=")) {
    size_t skip = first.size();
    while (skip < text.size() && (text[skip] == '\r' || text[skip] == '\n')) ++skip;
    return {first[4], skip};
  }
  const size_t begin = text.find_first_not_of("\r\n");
  const absl::string_view header = FirstRecord(begin == absl::string_view::npos ? text : text.substr(begin));
  const auto less = [&](char a, char b) { return CountOutsideQuotes(header, a) < CountOutsideQuotes(header, b); };
  return {*std::max_element(kCandidates.begin(), kCandidates.end(), less), 0};
}

absl::StatusOr<char> ParseSeparator(absl::string_view text) {
  constexpr std::array<std::pair<absl::string_view, char>, 5> kNames = {
      {{"tab", '\t'}, {"\\t", '\t'}, {"comma", ','}, {"semicolon", ';'}, {"pipe", '|'}}};
  for (const auto& [name, character] : kNames) {
    if (text == name) return character;
  }
  const bool usable = text.size() == 1 && text != "\"" && text != "\n" && text != "\r" && text[0] > 0;
  if (usable) return text[0];
  return absl::InvalidArgumentError("--separator: must be one character such as ';', or tab, comma, semicolon, pipe");
}

}  // namespace interaction::cli::import
