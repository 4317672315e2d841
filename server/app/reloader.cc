#include "server/app/reloader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/config/changes.h"

namespace interaction::app {

using telemetry::Counter;
using telemetry::LogLevel;

Reloader::Reloader(config::Sources sources, config::MoreChecks check, config::Config config, absl::Time loaded_at,
                   App* app, const Clock* clock, telemetry::Logger* log)
    : sources_(std::move(sources)),
      check_(std::move(check)),
      config_(std::move(config)),
      app_(app),
      clock_(clock),
      log_(log) {
  Watch(loaded_at);
}

void Reloader::Watch(absl::Time loaded_at) {
  std::vector<std::string> files = config::FilesOf(config_);
  if (!sources_.file.empty()) files.push_back(sources_.file);
  files_.Watch(files, loaded_at);
}

void Reloader::ReloadIfFilesHaveChanged() {
  const std::vector<std::string> changed = files_.TakeChanges();
  if (!changed.empty()) Reload(absl::StrCat("changed: ", absl::StrJoin(changed, ", ")));
}

void Reloader::Reload(const std::string& why) {
  const absl::Time loading_at = clock_->WallNow();
  absl::StatusOr<config::Config> next = config::Load(sources_, check_);
  if (!next.ok()) return ReportFailure(why, next.status());
  const config::Changes changes = config::Apply(config_, &*next);
  if (const absl::Status status = app_->Reload(*next); !status.ok()) return ReportFailure(why, status);
  log_->SetLevel(telemetry::LogLevelFromName(next->log.level));
  config_ = *std::move(next);
  Watch(loading_at);
  ReportSuccess(why, changes.reloaded, changes.need_restart);
}

void Reloader::ReportFailure(const std::string& why, const absl::Status& status) {
  app_->counters().Add(Counter::kReloadsFailed);
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    log_->Log(LogLevel::kError, "configuration not reloaded; the one before stays in use",
              {{"why", why}, {"text", line}});
  }
}

void Reloader::ReportSuccess(const std::string& why, const std::vector<std::string>& reloaded,
                             const std::vector<std::string>& need_restart) {
  app_->counters().Add(Counter::kReloads);
  log_->Log(LogLevel::kInfo, "configuration reloaded", {{"why", why}, {"keys", absl::StrJoin(reloaded, ", ")}});
  for (const std::string& key : need_restart) {
    log_->Log(LogLevel::kWarning, "this key has changed, and its new value is used after a restart only",
              {{"key", key}});
  }
  for (const std::string& warning : config_.warnings) {
    log_->Log(LogLevel::kWarning, "configuration", {{"text", warning}});
  }
}

}  // namespace interaction::app
