#include "client/cli/import/row_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/import/csv_reader.h"
#include "client/cli/import/separator.h"
#include "client/cli/import/text_stream.h"

namespace interaction::cli::import {
namespace {

// A JSON object on each line (NDJSON, JSON Lines).
class LineReader final : public RowReader {
 public:
  explicit LineReader(TextStream stream) : stream_(std::move(stream)) {}

  const std::vector<std::string>& titles() const override { return titles_; }
  char separator() const override { return ','; }
  bool has_mark() const override { return stream_.has_mark(); }

  absl::StatusOr<bool> Next(Row* row) override {
    while (true) {
      std::string line;
      absl::StatusOr<bool> any = NextLine(&line);
      if (!any.ok() || !*any) return any;
      ++number_;
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      *row = {number_, {std::move(line)}};
      return true;
    }
  }

 private:
  absl::StatusOr<bool> NextLine(std::string* line) {
    size_t end = text_.find('\n', begin_);
    while (end == std::string::npos) {
      text_.erase(0, begin_);
      begin_ = 0;
      if (text_.size() > kMaxCellBytes) {
        return absl::InvalidArgumentError(absl::StrCat("line ", number_ + 1, " is longer than 1 MiB"));
      }
      const size_t known = text_.size();
      const absl::StatusOr<bool> more = stream_.Next(&text_);
      if (!more.ok()) return more.status();
      if (!*more) break;
      end = text_.find('\n', known);
    }
    if (end == std::string::npos && begin_ >= text_.size()) return false;
    end = std::min(end, text_.size());
    *line = text_.substr(begin_, end - begin_);
    if (!line->empty() && line->back() == '\r') line->pop_back();
    begin_ = std::min(end + 1, text_.size());
    return true;
  }

  TextStream stream_;
  const std::vector<std::string> titles_;
  std::string text_;  // read from the input; lines before begin_ are done
  size_t begin_ = 0;
  uint64_t number_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> ReadRows(Input& input, const ReadOptions& options) {
  char separator = 0;
  if (!options.separator.empty()) {
    const absl::StatusOr<char> parsed = ParseSeparator(options.separator);
    if (!parsed.ok()) return parsed.status();
    separator = *parsed;
  }
  if (const absl::Status rewound = input.Rewind(); !rewound.ok()) return rewound;
  absl::StatusOr<std::unique_ptr<TextDecoder>> decoder = TextDecoder::Create(options.encoding);
  if (!decoder.ok()) return decoder.status();
  TextStream stream(input, *std::move(decoder));
  if (options.format == InputFormat::kNdjson) return std::make_unique<LineReader>(std::move(stream));
  return CsvReader::Create(std::move(stream), separator);
}

std::string ColumnLetters(size_t index) {
  std::string letters;
  for (size_t rest = index + 1; rest > 0; rest = (rest - 1) / 26) {
    letters.insert(letters.begin(), static_cast<char>('A' + (rest - 1) % 26));
  }
  return letters;
}

}  // namespace interaction::cli::import
