#include "server/redis/refusal_log.h"

#include "absl/strings/str_cat.h"
#include "server/redis/server_error.h"

namespace interaction::redis {
namespace {

// Redis has a few dozen error words; a server that invents others must not fill the memory.
constexpr size_t kMaxKinds = 256;

}  // namespace

void RefusalLog::Add(absl::string_view command, const absl::Status& refusal) {
  const absl::string_view word = WordOf(refusal);
  if (word.empty() || word == "NOSCRIPT") return;  // NOSCRIPT: the script is sent again in full
  if (refusals_.size() >= kMaxKinds) refusals_.clear();
  Refusals& refusals = refusals_[absl::StrCat(command, " ", word)];
  ++refusals.times;
  const SteadyTime now = clock_->SteadyNow();
  if (now < refusals.next_line) return;
  logger_->Log(telemetry::LogLevel::kWarning, "redis refuses a command",
               {{"command", command}, {"error", word}, {"times", refusals.times}});
  refusals = {.next_line = now + absl::ToInt64Nanoseconds(kInterval), .times = 0};
}

}  // namespace interaction::redis
