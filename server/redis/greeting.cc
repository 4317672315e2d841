#include "server/redis/greeting.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace interaction::redis {

bool AppendAuth(const std::string& username, const Secret& password, Connection& connection) {
  if (password.empty()) return false;
  if (username.empty()) {
    connection.Append({"AUTH", password.Reveal()});
  } else {
    connection.Append({"AUTH", username, password.Reveal()});
  }
  return true;
}

void Greeting::Append(Connection& connection) {
  awaited_.clear();
  if (AppendAuth(options_.username, options_.password, connection)) awaited_.push_back(Step::kAuth);
  if (!options_.sentinel.sentinels.empty()) {
    connection.Append({"ROLE"});
    awaited_.push_back(Step::kRole);
  }
  if (options_.database != 0) {
    connection.Append({"SELECT", absl::StrCat(options_.database)});
    awaited_.push_back(Step::kSelect);
  }
  connection.Append({"CONFIG", "GET", "maxmemory-policy"});
  awaited_.push_back(Step::kPolicy);
}

absl::Status Greeting::OnReply(const absl::StatusOr<Reply>& reply) {
  const Step step = awaited_.front();
  awaited_.pop_front();
  if (reply.ok()) {
    if (step == Step::kPolicy) JudgePolicy(*reply);
    const bool is_primary = !reply->elements.empty() && reply->elements[0].text == "master";
    if (step == Step::kRole && !is_primary) {
      return absl::UnavailableError("the Redis that the Sentinel has named is not a primary");
    }
    return absl::OkStatus();
  }
  // CONFIG may be forbidden or renamed. If AUTH is needed and missing, nothing else would work either.
  if (step == Step::kPolicy && reply.status().code() != absl::StatusCode::kUnauthenticated) return absl::OkStatus();
  constexpr absl::string_view kNames[] = {"AUTH", "ROLE", "SELECT", "CONFIG GET"};
  return absl::Status(reply.status().code(),
                      absl::StrCat(kNames[static_cast<int>(step)], " failed, ", reply.status().message()));
}

void Greeting::JudgePolicy(const Reply& reply) {
  if (reply.elements.size() != 2 || reply.elements[1].text == "noeviction") return;
  logger_->Log(telemetry::LogLevel::kWarning, "redis may evict records: set maxmemory-policy to noeviction",
               {{"maxmemory_policy", absl::string_view(reply.elements[1].text).substr(0, 64)}});
}

}  // namespace interaction::redis
