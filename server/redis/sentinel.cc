#include "server/redis/sentinel.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/redis/greeting.h"

namespace interaction::redis {

void SentinelQuestion::Append(Connection& connection) {
  awaited_.clear();
  primary_.reset();
  if (AppendAuth(options_.username, options_.password, connection)) awaited_.push_back(Step::kAuth);
  connection.Append({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options_.primary});
  awaited_.push_back(Step::kAddress);
}

absl::Status SentinelQuestion::OnReply(const absl::StatusOr<Reply>& reply) {
  if (awaited_.empty()) return absl::InternalError("the Sentinel sent a reply without a command");
  const Step step = awaited_.front();
  awaited_.pop_front();
  if (!reply.ok()) {
    return absl::Status(reply.status().code(),
                        absl::StrCat("the Sentinel refuses ", step == Step::kAuth ? "AUTH" : "SENTINEL", ", ",
                                     reply.status().message()));
  }
  if (step == Step::kAuth) return absl::OkStatus();
  if (reply->elements.size() != 2) {
    return absl::UnavailableError(absl::StrCat("the Sentinel knows no primary called ", options_.primary));
  }
  int port = 0;
  if (!absl::SimpleAtoi(reply->elements[1].text, &port) || port < 1 || port > 65535) {
    return absl::InternalError("the Sentinel's answer is not an address");
  }
  primary_ = HostPort{.host = reply->elements[0].text, .port = static_cast<uint16_t>(port)};
  return absl::OkStatus();
}

}  // namespace interaction::redis
