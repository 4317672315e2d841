#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/secret.h"

namespace interaction::telemetry {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// JSON for machines; text for people at a terminal.
enum class LogFormat { kJson, kText };

// Reads "debug", "info", "warning" or "error"; anything else is info.
LogLevel LogLevelFromName(absl::string_view name);
absl::string_view LogLevelName(LogLevel level);

// A key and its value in a log line. It refers to the texts, so it must not outlive the call of Log().
class LogField {
 public:
  using Value = std::variant<absl::string_view, int64_t, uint64_t, double, bool, absl::Duration>;

  LogField(absl::string_view key, absl::string_view value) : key_(key), value_(value) {}
  LogField(absl::string_view key, const char* value) : key_(key), value_(absl::string_view(value)) {}
  LogField(absl::string_view key, const std::string& value) : key_(key), value_(absl::string_view(value)) {}
  LogField(absl::string_view key, bool value) : key_(key), value_(value) {}
  LogField(absl::string_view key, double value) : key_(key), value_(value) {}
  LogField(absl::string_view key, absl::Duration value) : key_(key), value_(value) {}  // written in milliseconds
  template <typename T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  LogField(absl::string_view key, T value)
      : key_(key), value_(static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(value)) {}
  LogField(absl::string_view key, const Secret& value) = delete;  // secrets must not be logged

  absl::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  absl::string_view key_;
  Value value_;
};

// Takes the lines. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;

  // Writes one line, which includes its line break; false if it was lost.
  virtual bool Write(absl::string_view line) noexcept = 0;
};

// Writes one line: ts (RFC 3339, UTC, milliseconds), level, msg, then the fields in their order, except for empty
// texts.
//
//   logger->Log(LogLevel::kInfo, "listening", {{"address", address}, {"lanes", 4}});
//   {"ts":"2024-05-01T12:00:00.123Z","level":"info","msg":"listening","address":"0.0.0.0:50051","lanes":4}
//   12:00:00.123 info    listening address=0.0.0.0:50051 lanes=4
//
// Thread-safe; never throws, never blocks on a slow reader. Costs one comparison if the level is off. A line longer
// than kMaxLine, the most that a pipe takes in one piece, is written without its fields and with "truncated":true.
// Bytes that are not UTF-8 become U+FFFD.
class Logger {
 public:
  static constexpr size_t kMaxLine = 4096;

  // `clock` and `sink` outlive the logger.
  Logger(LogLevel level, const Clock* clock, LogSink* sink, LogFormat format = LogFormat::kJson)
      : level_(level), clock_(clock), sink_(sink), format_(format) {}

  // Whether lines of this level are written. Check it before building texts that are only for the log.
  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  void SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  LogLevel level() const { return level_.load(std::memory_order_relaxed); }

  // `message` is fixed English; variable parts belong in `fields`.
  void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields = {}) noexcept {
    if (Enabled(level)) Write(level, message, fields);
  }

  // How many lines the sink has lost.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void Write(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) noexcept;

  std::atomic<LogLevel> level_;
  const Clock* const clock_;
  LogSink* const sink_;
  const LogFormat format_;
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace interaction::telemetry
