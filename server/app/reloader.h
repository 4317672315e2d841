#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/app/app.h"
#include "server/app/file_watch.h"
#include "server/base/clock.h"
#include "server/config/config.h"
#include "server/config/load.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// Keeps a running server in step with its configuration: reads it again when it is told to, or when one of its files
// has changed. A configuration with a mistake is not used: the old one stays, and the log says why. On the main thread.
class Reloader {
 public:
  // The server runs by `config`, which was loaded from `sources` after `loaded_at`. All pointers outlive this.
  Reloader(config::Sources sources, config::MoreChecks check, config::Config config, absl::Time loaded_at, App* app,
           const Clock* clock, telemetry::Logger* log);

  // Reads the configuration again. `why` is for the log: "SIGHUP".
  void Reload(const std::string& why);

  // Does so if a file has changed, a moment ago at the latest call: see FileWatch.
  void ReloadIfFilesHaveChanged();

  // What the server runs by.
  const config::Config& config() const { return config_; }

 private:
  void Watch(absl::Time loaded_at);
  void ReportFailure(const std::string& why, const absl::Status& status);
  void ReportSuccess(const std::string& why, const std::vector<std::string>& reloaded,
                     const std::vector<std::string>& need_restart);

  const config::Sources sources_;
  const config::MoreChecks check_;
  config::Config config_;
  App* const app_;
  const Clock* const clock_;
  telemetry::Logger* const log_;
  FileWatch files_;
};

}  // namespace interaction::app
