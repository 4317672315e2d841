#include "server/telemetry/log.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/telemetry/line_text.h"

namespace interaction::telemetry {
namespace {

constexpr absl::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

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
  JsonLine(absl::Time time, LogLevel level, absl::string_view message, LineText* out) : out_(*out) {
    out_.Append("{\"ts\":\"");
    out_.Append(TimeText(time));
    out_.Append("\",\"level\":\"");
    out_.Append(LogLevelName(level));
    out_.Append("\",\"msg\":");
    out_.AppendQuoted(message);
  }
  void Add(const LogField& field) {
    out_.AppendKey(",\"", field.key(), "\":");  // it needs no escape
    std::visit([this](const auto& value) { Value(value); }, field.value());
  }
  void End() { out_.Append('}'); }

 private:
  void Value(absl::string_view value) { out_.AppendQuoted(value); }
  void Value(double value) { std::isfinite(value) ? out_.AppendNumber(value) : out_.Append("null"); }
  void Value(bool value) { out_.Append(value ? "true" : "false"); }
  void Value(absl::Duration value) { out_.AppendMilliseconds(value); }
  template <typename Number>
  void Value(Number value) {
    out_.AppendNumber(value);
  }

  LineText& out_;
};

class TextLine {
 public:
  TextLine(absl::Time time, LogLevel level, absl::string_view message, LineText* out) : out_(*out) {
    constexpr size_t kDate = sizeof("2024-05-01T") - 1;
    absl::string_view clock = TimeText(time).substr(kDate);
    clock.remove_suffix(1);
    out_.Append(clock);
    out_.Append(absl::StrFormat(" %-7s ", LogLevelName(level)));
    out_.Append(message);
  }
  void Add(const LogField& field) {
    out_.AppendKey(" ", field.key(), "=");
    std::visit([this](const auto& value) { Value(value); }, field.value());
  }
  void End() {}

 private:
  void Value(absl::string_view value) {
    const bool is_plain =
        std::all_of(value.begin(), value.end(), [](char c) { return absl::ascii_isgraph(c) && c != '"'; });
    is_plain ? out_.Append(value) : out_.AppendQuoted(value);
  }
  void Value(bool value) { out_.Append(value ? "true" : "false"); }
  void Value(absl::Duration value) { out_.AppendMilliseconds(value); }
  template <typename Number>
  void Value(Number value) {
    out_.AppendNumber(value);
  }

  LineText& out_;
};

// False if the line is too long.
template <typename Line>
bool WriteLine(absl::Time time, LogLevel level, absl::string_view message, std::initializer_list<LogField> fields,
               LineText* out) {
  Line line(time, level, message, out);
  for (const LogField& field : fields) {
    if (!IsEmpty(field.value())) line.Add(field);
  }
  line.End();
  out->Append('\n');
  return !out->is_full();
}

bool WriteLine(LogFormat format, absl::Time time, LogLevel level, absl::string_view message,
               std::initializer_list<LogField> fields, LineText* out) {
  return format == LogFormat::kJson ? WriteLine<JsonLine>(time, level, message, fields, out)
                                    : WriteLine<TextLine>(time, level, message, fields, out);
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
  static_assert(LineText::kCapacity == kMaxLine);
  const absl::Time now = clock_->WallNow();
  LineText line, short_line;
  const bool is_whole = WriteLine(format_, now, level, message, fields, &line);
  if (!is_whole) WriteLine(format_, now, level, message.substr(0, 512), {{"truncated", true}}, &short_line);
  if (!sink_->Write((is_whole ? line : short_line).view())) dropped_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace interaction::telemetry
