#include "server/telemetry/log.h"

#include <errno.h>
#include <poll.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <cmath>

#include "absl/time/time.h"
#include "server/base/mutex.h"

namespace interaction::telemetry {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

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

void WriteText(absl::string_view text, JsonWriter* json) {
  // RapidJSON copies bytes unchecked, so a byte that is not UTF-8 would make the line invalid.
  std::string clean;
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    if (length == 0) {
      clean.append(text.data() + copied, i - copied).append("\xef\xbf\xbd");
      copied = i + 1;
    }
    i += length == 0 ? 1 : length;
  }
  if (copied == 0) {
    json->String(text.data(), text.size());
    return;
  }
  clean.append(text.data() + copied, text.size() - copied);
  json->String(clean.data(), clean.size());
}

void WriteValue(const LogField::Value& value, JsonWriter* json) {
  if (const auto* text = std::get_if<absl::string_view>(&value)) return WriteText(*text, json);
  if (const auto* number = std::get_if<int64_t>(&value)) {
    json->Int64(*number);
  } else if (const auto* natural = std::get_if<uint64_t>(&value)) {
    json->Uint64(*natural);
  } else if (const auto* real = std::get_if<double>(&value)) {
    std::isfinite(*real) ? json->Double(*real) : json->Null();
  } else {
    json->Bool(std::get<bool>(value));
  }
}

bool IsEmpty(const LogField::Value& value) {
  const auto* text = std::get_if<absl::string_view>(&value);
  return text != nullptr && text->empty();
}

void WriteHead(absl::Time time, LogLevel level, absl::string_view message, JsonWriter* json) {
  json->StartObject();
  json->Key("ts");
  WriteText(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()), json);
  json->Key("level");
  WriteText(kLevelNames[static_cast<int>(level)], json);
  json->Key("msg");
  WriteText(message, json);
}

}  // namespace

LogLevel LogLevelFromName(absl::string_view name) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (kLevelNames[static_cast<int>(level)] == name) return level;
  }
  return LogLevel::kInfo;
}

bool FileLogSink::Write(absl::string_view line) noexcept {
  const MutexLock lock(&mutex_);
  // A pipe is writable if it has room for PIPE_BUF bytes, and no line is longer than that.
  pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, 0) != 1) return false;
  ssize_t written;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  return written == static_cast<ssize_t>(line.size());
}

void Logger::Write(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) noexcept {
  const absl::Time now = clock_->WallNow();
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  WriteHead(now, level, message, &json);
  for (const LogField& field : fields) {
    if (IsEmpty(field.value())) continue;
    WriteText(field.key(), &json);
    WriteValue(field.value(), &json);
  }
  json.EndObject();

  if (buffer.GetSize() >= kMaxLine) {
    buffer.Clear();
    json.Reset(buffer);
    WriteHead(now, level, message.substr(0, 512), &json);
    json.Key("truncated");
    json.Bool(true);
    json.EndObject();
  }
  buffer.Put('\n');
  if (!sink_->Write({buffer.GetString(), buffer.GetSize()})) dropped_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace interaction::telemetry
