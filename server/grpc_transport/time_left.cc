#include "server/grpc_transport/time_left.h"

namespace interaction::grpc_transport {

std::optional<absl::Duration> TimeLeft(gpr_timespec raw_deadline) {
  if (gpr_time_cmp(raw_deadline, gpr_inf_future(raw_deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec now = gpr_now(raw_deadline.clock_type);
  const gpr_timespec limit = gpr_time_add(now, gpr_time_from_hours(24, GPR_TIMESPAN));
  if (gpr_time_cmp(raw_deadline, limit) > 0) return absl::Hours(24);
  const gpr_timespec left = gpr_time_sub(raw_deadline, now);
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

}  // namespace interaction::grpc_transport
