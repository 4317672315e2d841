#include "server/telemetry/log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/base/json_text.h"

namespace interaction::telemetry {
namespace {

constexpr absl::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

// The length of the well-formed UTF-8 character that `text` starts with (RFC 3629, section 4); 0 if it does not start
// with one.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto is_tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !is_tail(1)) return 0;
  if (first < 0xe0) return 2;
  const uint8_t second = byte(1);
  if (!is_tail(2) || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if (first < 0xf0) return 3;
  if (!is_tail(3) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return 4;
}

// The text with U+FFFD in place of each byte that is not UTF-8, which would make the line invalid. `own` keeps the
// result if it is not the text itself.
absl::string_view AsUtf8(absl::string_view text, std::string* own) {
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = static_cast<uint8_t>(text[i]) < 0x80 ? 1 : Utf8Length(text.substr(i));
    if (length == 0) {
      own->append(text.data() + copied, i - copied).append("\xef\xbf\xbd");
      copied = i + 1;
    }
    i += length == 0 ? 1 : length;
  }
  if (copied == 0) return text;
  own->append(text.data() + copied, text.size() - copied);
  return *own;
}

// A string of JSON.
void AppendQuoted(absl::string_view text, std::string* to) {
  to->push_back('"');
  if (IsPlainJsonText(text)) {
    to->append(text.data(), text.size());
  } else {
    std::string own;
    AppendJsonText(AsUtf8(text, &own), to);
  }
  to->push_back('"');
}

// The shortest digits that mean this number.
template <typename Number>
void AppendNumber(Number number, std::string* to) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  to->append(digits, static_cast<size_t>(end - digits));
}

// Most are durations in milliseconds with three decimals, for which whole numbers are enough: 0.25 is 250 thousandths.
void AppendNumber(double number, std::string* to) {
  constexpr double kMost = 1e12;
  const double thousandths = std::round(number * 1000);
  if (!(number >= 0 && number < kMost) || thousandths / 1000 != number) return AppendNumber<double>(number, to);
  const auto whole = static_cast<int64_t>(thousandths);
  AppendNumber<int64_t>(whole / 1000, to);
  const auto rest = static_cast<int>(whole % 1000);
  if (rest == 0) return;
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  to->append(decimals, rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2);
}

bool IsEmpty(const LogField::Value& value) {
  const auto* text = std::get_if<absl::string_view>(&value);
  return text != nullptr && text->empty();
}

// RFC 3339. Formatting a date costs more than the rest of a line, and most lines are of the same second as the one
// before.
absl::string_view TimeText(absl::Time time) {
  thread_local int64_t second = std::numeric_limits<int64_t>::min();
  thread_local std::string text;
  if (const int64_t now = absl::ToUnixSeconds(time); now != second) {
    second = now;
    text = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
  }
  const auto milliseconds = static_cast<int>((absl::ToUnixMillis(time) % 1000 + 1000) % 1000);
  const size_t at = text.size() - 4;  // "123Z"
  text[at] = static_cast<char>('0' + milliseconds / 100);
  text[at + 1] = static_cast<char>('0' + milliseconds / 10 % 10);
  text[at + 2] = static_cast<char>('0' + milliseconds % 10);
  return text;
}

class JsonLine {
 public:
  JsonLine(absl::Time time, LogLevel level, absl::string_view message, std::string* out) : out_(*out) {
    out_.append("{\"ts\":");
    Value(TimeText(time));
    Add({"level", LogLevelName(level)});
    Add({"msg", message});
  }
  void Add(const LogField& field) {
    out_.append(",\"").append(field.key().data(), field.key().size()).append("\":");  // a key needs no escape
    std::visit([this](const auto& value) { Value(value); }, field.value());
  }
  void End() { out_.push_back('}'); }

 private:
  void Value(absl::string_view value) { AppendQuoted(value, &out_); }
  void Value(double value) { std::isfinite(value) ? AppendNumber(value, &out_) : void(out_.append("null")); }
  void Value(bool value) { out_.append(value ? "true" : "false"); }
  template <typename Number>
  void Value(Number value) {
    AppendNumber(value, &out_);
  }

  std::string& out_;
};

class TextLine {
 public:
  TextLine(absl::Time time, LogLevel level, absl::string_view message, std::string* out) : out_(*out) {
    constexpr size_t kDate = sizeof("2024-05-01T") - 1;
    absl::string_view clock = TimeText(time).substr(kDate);
    clock.remove_suffix(1);
    absl::StrAppend(&out_, clock, absl::StrFormat(" %-7s ", LogLevelName(level)), message);
  }
  void Add(const LogField& field) {
    absl::StrAppend(&out_, " ", field.key(), "=");
    std::visit([this](const auto& value) { Value(value); }, field.value());
  }
  void End() {}

 private:
  void Value(absl::string_view value) {
    const bool is_plain =
        std::all_of(value.begin(), value.end(), [](char c) { return absl::ascii_isgraph(c) && c != '"'; });
    is_plain ? absl::StrAppend(&out_, value) : AppendQuoted(value, &out_);
  }
  void Value(bool value) { out_.append(value ? "true" : "false"); }
  template <typename Number>
  void Value(Number value) {
    AppendNumber(value, &out_);
  }

  std::string& out_;
};

template <typename Line>
void WriteLine(absl::Time time, LogLevel level, absl::string_view message, std::initializer_list<LogField> fields,
               size_t max_line, std::string* out) {
  Line line(time, level, message, out);
  for (const LogField& field : fields) {
    if (!IsEmpty(field.value())) line.Add(field);
  }
  line.End();
  if (out->size() < max_line) return;
  out->clear();
  Line short_line(time, level, message.substr(0, 512), out);
  short_line.Add({"truncated", true});
  short_line.End();
}

}  // namespace

LogLevel LogLevelFromName(absl::string_view name) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (kLevelNames[static_cast<int>(level)] == name) return level;
  }
  return LogLevel::kInfo;
}

absl::string_view LogLevelName(LogLevel level) { return kLevelNames[static_cast<int>(level)]; }

void Logger::Write(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) noexcept {
  thread_local std::string line;
  line.clear();
  const absl::Time now = clock_->WallNow();
  if (format_ == LogFormat::kJson) {
    WriteLine<JsonLine>(now, level, message, fields, kMaxLine, &line);
  } else {
    WriteLine<TextLine>(now, level, message, fields, kMaxLine, &line);
  }
  line.push_back('\n');
  if (!sink_->Write(line)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace interaction::telemetry
