#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/redis/connection.h"
#include "server/redis/reply.h"

namespace interaction::redis {

struct HostPort {
  std::string host;  // a name or an address
  uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// The Sentinels that know where the primary is, and how to ask them (https://redis.io/docs/latest/develop/reference/
// sentinel-clients).
struct SentinelOptions {
  std::vector<HostPort> sentinels;  // empty: none are asked
  std::string primary;              // its name among them: "mymaster"
  std::string username;             // of the Sentinels' ACL; "": the default user
  Secret password;                  // "": no AUTH
};

// Asks one Sentinel where the primary is, over a connection that was opened to it.
class SentinelQuestion {
 public:
  // `options` outlives it.
  explicit SentinelQuestion(const SentinelOptions& options) : options_(options) {}

  void Append(Connection& connection);

  // Takes the answer to the next command. An error: this Sentinel does not know.
  absl::Status OnReply(const absl::StatusOr<Reply>& reply);

  // Where the primary is, once the Sentinel has said so.
  const std::optional<HostPort>& primary() const { return primary_; }

 private:
  enum class Step { kAuth, kAddress };

  const SentinelOptions& options_;
  std::deque<Step> awaited_;
  std::optional<HostPort> primary_;
};

// In which order the Sentinels are asked: the one that has answered last comes first.
class SentinelOrder {
 public:
  explicit SentinelOrder(size_t count) : count_(count) {}

  // A new round: the index of the first to ask.
  size_t Begin() {
    asked_ = 1;
    return current_;
  }

  // The next one, after one that did not answer; nothing when all have been asked in this round.
  std::optional<size_t> Next() {
    if (asked_++ >= count_) return std::nullopt;
    current_ = (current_ + 1) % count_;
    return current_;
  }

 private:
  const size_t count_;
  size_t current_ = 0;
  size_t asked_ = 0;
};

}  // namespace interaction::redis
