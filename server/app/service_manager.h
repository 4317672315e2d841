#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::app {

// Tells systemd how the service is, as `Type=notify` asks (sd_notify(3)). Does nothing where systemd does not listen.
class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC of the environment.
  ServiceManager();

  void Ready(absl::string_view status) const;
  void Reloading() const;  // until the next Ready()
  void Stopping() const;

  // Whether systemd ends a service that does not say in time that it lives (WatchdogSec=).
  bool has_watchdog() const { return has_watchdog_; }
  void Alive() const;

 private:
  bool has_watchdog_ = false;
};

}  // namespace interaction::app
