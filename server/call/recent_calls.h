#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/call/observer.h"

namespace interaction::call {

// A call that has ended, or an upstream's answer that came after its caller had left. It holds no body, no personal
// data and no secret. Long texts are cut and end with "...".
struct RecentCall {
  std::string id;               // unique while the process lives
  bool is_late_answer = false;  // of a call that is listed by itself, as its caller has seen it
  absl::Time ended;
  absl::Duration duration;
  std::string upstream;
  std::string method;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::optional<Reason> reason;  // nothing: success
  Outcome outcome = Outcome::kApplied;
  std::optional<Phase> phase;                     // in which it failed
  std::array<absl::Duration, kPhases> in_phases;  // how long it was in each
  std::string caller;
  std::string host;
  std::string request_id;
  std::string interaction_id;
  std::string trace_id;
  std::string detail;  // why its caller was refused, or which fields of its request break their rules
  int http_status = 0;
  int attempts = 0;
  bool replayed = false;
  bool bypassed = false;
  uint32_t request_bytes = 0;
  uint32_t reply_bytes = 0;
};

// Keeps the last calls, to be looked at. Each lane has a ring of its own in which it overwrites the oldest: it takes no
// lock and allocates nothing, and whoever reads meanwhile leaves out what is being overwritten.
class RecentCalls final : public Observer {
 public:
  // `kept`: how many calls are shown, of all lanes together. `rpcs`: upstream and RPC of those that are kept, at most
  // 256.
  RecentCalls(size_t lanes, size_t kept, std::vector<std::pair<std::string, std::string>> rpcs);
  ~RecentCalls() override;

  // On the call's lane.
  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override;
  void OnEnd(const Call& call) override;

  // The last calls, the latest first. Any thread.
  std::vector<RecentCall> Read(const Clock& clock) const;

  size_t kept() const { return kept_; }

 private:
  class Ring;

  std::optional<uint8_t> IndexOf(absl::string_view upstream) const;

  const size_t kept_;
  const std::vector<std::pair<std::string, std::string>> rpcs_;
  std::vector<std::unique_ptr<Ring>> rings_;  // of each lane
};

}  // namespace interaction::call
