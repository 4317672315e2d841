#pragma once

#include <deque>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/redis/client.h"
#include "server/redis/connection.h"
#include "server/redis/reply.h"

namespace interaction::redis {

// Appends AUTH, unless `password` is empty: then it returns false. `username`: "" is the default user.
bool AppendAuth(const std::string& username, const Secret& password, Connection& connection);

// The commands at the start of a connection: AUTH, ROLE if a Sentinel has named the host, since it may not be the
// primary any more, SELECT, and a query of maxmemory-policy. With a policy other than noeviction, Redis drops records
// when its memory is full, and repeated calls may be sent twice; so the answer is logged as a warning. A Redis that
// does not answer the query, as many hosted ones do not, is accepted.
class Greeting {
 public:
  // `options` and `logger` outlive it.
  Greeting(const ClientOptions& options, telemetry::Logger* logger) : options_(options), logger_(logger) {}

  void Append(Connection& connection);

  // Takes the answer to the next command of the greeting. An error means that the connection cannot be used.
  absl::Status OnReply(const absl::StatusOr<Reply>& reply);

  // Every command was answered.
  bool complete() const { return awaited_.empty(); }

 private:
  enum class Step { kAuth, kRole, kSelect, kPolicy };

  void JudgePolicy(const Reply& reply);

  const ClientOptions& options_;
  telemetry::Logger* const logger_;
  std::deque<Step> awaited_;
};

}  // namespace interaction::redis
