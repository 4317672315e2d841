#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/redis/client.h"
#include "server/telemetry/log.h"
#include "tests/support/await.h"
#include "tests/support/log_lines.h"
#include "tests/support/require.h"

namespace interaction::testing {

// A redis::Client with what it needs, and a way to wait for its answers.
class RedisClient {
 public:
  explicit RedisClient(const redis::ClientOptions& options)
      : client_(Make(redis::Client::Create(options, &clock_, &logger_, [] { return 0.5; }))) {}

  redis::Client* get() { return client_.get(); }
  telemetry::Logger* logger() { return &logger_; }
  std::string log() const { return lines_.text(); }

  absl::StatusOr<redis::Reply> Run(std::vector<std::string> command) {
    return Await<absl::StatusOr<redis::Reply>>([&](auto done) { client_->Run(std::move(command), std::move(done)); });
  }

  // Ends the client's thread.
  void Stop() { client_.reset(); }

 private:
  static std::unique_ptr<redis::Client> Make(absl::StatusOr<std::unique_ptr<redis::Client>> client) {
    Require(client.ok(), "redis::Client::Create");
    return *std::move(client);
  }

  RealClock clock_;
  LogLines lines_;
  telemetry::Logger logger_{telemetry::LogLevel::kDebug, &clock_, &lines_};
  std::unique_ptr<redis::Client> client_;
};

}  // namespace interaction::testing
