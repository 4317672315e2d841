#pragma once

#include <deque>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/redis/client.h"
#include "server/redis/connection.h"
#include "server/redis/reply.h"

namespace interaction::redis {

// What is said on a new connection before any command: AUTH, SELECT, and the question for maxmemory-policy. With
// another policy than noeviction Redis drops records when its memory is full, and with them the promise that they stand
// for; so the answer is logged as a warning. A Redis that does not tell, as many hosted ones, is taken as it is.
class Greeting {
 public:
  // `options` and `logger` outlive it.
  Greeting(const ClientOptions& options, telemetry::Logger* logger) : options_(options), logger_(logger) {}

  void Append(Connection& connection);

  // Takes the answer to the next command of the greeting. An error: this connection cannot be used.
  absl::Status OnReply(const absl::StatusOr<Reply>& reply);

  // Every command was answered.
  bool complete() const { return awaited_.empty(); }

 private:
  enum class Step { kAuth, kSelect, kPolicy };

  void JudgePolicy(const Reply& reply);

  const ClientOptions& options_;
  telemetry::Logger* const logger_;
  std::deque<Step> awaited_;
};

}  // namespace interaction::redis
