#include "server/app/service_manager.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include "absl/strings/str_cat.h"

namespace interaction::app {
namespace {

// The environment keeps its variables: a child may be the one that systemd listens to.
void Notify(const std::string& state) { sd_notify(/*unset_environment=*/0, state.c_str()); }

// On the clock that systemd compares with.
int64_t MonotonicMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1000;
}

}  // namespace

ServiceManager::ServiceManager() {
  uint64_t microseconds = 0;
  has_watchdog_ = sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) > 0;
}

void ServiceManager::Ready(absl::string_view status) const { Notify(absl::StrCat("READY=1\nSTATUS=", status)); }

void ServiceManager::Reloading() const {
  Notify(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicMicroseconds(), "\nSTATUS=reading the configuration"));
}

void ServiceManager::Stopping() const { Notify("STOPPING=1\nSTATUS=draining"); }

void ServiceManager::Alive() const {
  if (has_watchdog_) Notify("WATCHDOG=1");
}

}  // namespace interaction::app
