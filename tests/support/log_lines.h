#pragma once

#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "server/telemetry/log.h"

namespace interaction::testing {

// Keeps what is logged. Thread-safe.
class LogLines final : public telemetry::LogSink {
 public:
  bool Write(absl::string_view line) noexcept override {
    const std::scoped_lock lock(mutex_);
    text_.append(line.data(), line.size());
    return true;
  }

  // All lines so far.
  std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace interaction::testing
