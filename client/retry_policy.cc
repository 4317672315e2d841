#include "client/retry_policy.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "client/service_config.h"

namespace interaction::internal {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr char kService[] = "interaction.v1.InteractionService";

Struct ParsedServiceConfig() {
  Struct config;
  // The text is a constant, and a test reads it: it cannot fail.
  (void)google::protobuf::util::JsonStringToMessage(kServiceConfig, &config);
  return config;
}

const Value& At(const Struct& object, const char* key) { return object.fields().at(key); }

double Number(const Struct& object, const char* key) { return At(object, key).number_value(); }

absl::Duration DurationAt(const Struct& object, const char* key) {
  absl::Duration duration;
  (void)absl::ParseDuration(At(object, key).string_value(), &duration);
  return duration;
}

bool IsOurs(const Value& name) { return At(name.struct_value(), "service").string_value() == kService; }

const Struct& PolicyOf(const Struct& config) {
  const auto& methods = At(config, "methodConfig").list_value().values();
  const auto ours = std::find_if(methods.begin(), methods.end(), [](const Value& method) {
    const auto& names = At(method.struct_value(), "name").list_value().values();
    return std::any_of(names.begin(), names.end(), IsOurs);
  });
  return At(ours->struct_value(), "retryPolicy").struct_value();
}

}  // namespace

RetryPolicy::RetryPolicy() {
  const Struct config = ParsedServiceConfig();
  const Struct& policy = PolicyOf(config);
  const Struct& throttling = At(config, "retryThrottling").struct_value();
  max_attempts_ = static_cast<int>(Number(policy, "maxAttempts"));
  initial_backoff_ = DurationAt(policy, "initialBackoff");
  max_backoff_ = DurationAt(policy, "maxBackoff");
  multiplier_ = Number(policy, "backoffMultiplier");
  for (const Value& code : At(policy, "retryableStatusCodes").list_value().values()) {
    retryable_.insert(code.string_value());
  }
  max_tokens_ = Number(throttling, "maxTokens");
  token_ratio_ = Number(throttling, "tokenRatio");
  tokens_ = max_tokens_;
}

std::string RetryPolicy::ServiceConfigOfGrpc() {
  Struct config = ParsedServiceConfig();
  for (Value& method : *(*config.mutable_fields())["methodConfig"].mutable_list_value()->mutable_values()) {
    auto& names = *(*method.mutable_struct_value()->mutable_fields())["name"].mutable_list_value()->mutable_values();
    names.erase(std::remove_if(names.begin(), names.end(), IsOurs), names.end());
  }
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(config, &text);
  return text;
}

// Whether the throttling lets another attempt go, after one that failed in a way that counts, or not.
bool RetryPolicy::Spend(bool is_failure) {
  const std::lock_guard lock(mutex_);
  if (is_failure) tokens_ = std::max(tokens_ - 1, 0.0);
  return tokens_ > max_tokens_ / 2;
}

std::optional<absl::Duration> RetryPolicy::Wait(int attempts, grpc::StatusCode code,
                                                std::optional<absl::string_view> pushback, absl::BitGenRef random) {
  int64_t pushback_ms = 0;
  const bool is_forbidden = pushback && (!absl::SimpleAtoi(*pushback, &pushback_ms) || pushback_ms < 0);
  const bool is_retryable = retryable_.contains(absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  const bool is_affordable = Spend(is_retryable || is_forbidden);
  if (!is_retryable || is_forbidden || !is_affordable || attempts >= max_attempts_) return std::nullopt;
  if (pushback) return absl::Milliseconds(pushback_ms);
  const absl::Duration backoff = std::min(initial_backoff_ * std::pow(multiplier_, attempts - 1), max_backoff_);
  return backoff * absl::Uniform(random, 0.8, 1.2);
}

void RetryPolicy::Succeeded() {
  const std::lock_guard lock(mutex_);
  tokens_ = std::min(tokens_ + token_ratio_, max_tokens_);
}

}  // namespace interaction::internal
