// interaction-server: reads the configuration, serves until it is told to end, and ends in good order.
#include <unistd.h>

#include <iostream>
#include <optional>

#include "server/app/app.h"
#include "server/app/command_line.h"
#include "server/app/process.h"
#include "server/base/clock.h"
#include "server/config/describe.h"
#include "server/config/load.h"
#include "server/http/client.h"
#include "server/telemetry/log.h"

namespace interaction {
namespace {

constexpr int kCannotServe = 1;
constexpr int kWrongConfiguration = 78;  // EX_CONFIG of sysexits.h

int Fail(int exit_code, const absl::Status& status) {
  std::cerr << "interaction-server: " << status.message() << "\n";
  return exit_code;
}

// The lines of one event each: a supervisor and its people read them to see what the server is doing.
int Serve(const config::Config& config, const app::EndSignals& signals) {
  const RealClock clock;
  telemetry::FileLogSink sink(STDERR_FILENO);
  telemetry::Logger log(telemetry::LogLevelFromName(config.log.level), &clock, &sink);
  app::RedirectGrpcLog(&log);
  if (const absl::Status ready = http::GlobalInit(); !ready.ok()) return Fail(kCannotServe, ready);
  auto app = app::App::Start(config, {&clock, &log});
  if (!app.ok()) return Fail(absl::IsInvalidArgument(app.status()) ? kWrongConfiguration : kCannotServe, app.status());
  log.Log(telemetry::LogLevel::kInfo, "serving", {{"address", (*app)->address()}});

  signals.Wait();
  (*app)->AnnounceShutdown();
  log.Log(telemetry::LogLevel::kInfo, "draining: NOT_SERVING, calls are still taken",
          {{"seconds", absl::ToDoubleSeconds(config.calls.drain_delay)}});
  if (signals.Wait(config.calls.drain_delay) == 0) {
    log.Log(telemetry::LogLevel::kInfo, "draining: waiting for calls in flight",
            {{"seconds", absl::ToDoubleSeconds(config.calls.drain_timeout)}});
  }
  signals.Restore();
  (*app)->Shutdown(config.calls.drain_timeout);
  log.Log(telemetry::LogLevel::kInfo, "ended");
  app::RedirectGrpcLog(nullptr);
  return 0;
}

}  // namespace
}  // namespace interaction

int main(int argc, char** argv) {
  using namespace interaction;  // NOLINT: main is outside

  std::optional<int> exit_code;
  const app::CommandLine line = app::ParseCommandLine(argc, argv, &exit_code);
  if (exit_code) return *exit_code;

  const auto config = config::Load({line.config_file, app::Environment(), line.sets});
  if (!config.ok()) return Fail(kWrongConfiguration, config.status());
  if (line.print_config) std::cout << config::Describe(*config);
  if (line.check_config) std::cout << "The configuration is valid.\n";
  if (line.print_config || line.check_config) return 0;

  const app::EndSignals signals;
  app::PrepareProcess();
  return Serve(*config, signals);
}
