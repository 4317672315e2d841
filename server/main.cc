// interaction-server: reads the configuration, serves until it gets a signal, and shuts down gracefully.
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/app/app.h"
#include "server/app/ask_health.h"
#include "server/app/check_config.h"
#include "server/app/command_line.h"
#include "server/app/end_watchdog.h"
#include "server/app/explain_caller.h"
#include "server/app/process.h"
#include "server/app/reloader.h"
#include "server/app/service_manager.h"
#include "server/app/signals.h"
#include "server/app/trace_options.h"
#include "server/base/clock.h"
#include "server/config/describe.h"
#include "server/config/load.h"
#include "server/grpc_transport/log.h"
#include "server/http/client.h"
#include "server/telemetry/buffered_log_sink.h"
#include "server/telemetry/log.h"
#include "version/version.h"

namespace interaction {
namespace {

constexpr int kCannotServe = 1;
constexpr int kWrongCommandLine = 2;
constexpr int kWrongConfiguration = 78;  // EX_CONFIG of sysexits.h

// How often the server looks whether its files have changed, and whether its lanes turn. A change is used after two
// looks.
constexpr absl::Duration kLook = absl::Seconds(1);

// Beyond calls.drain_timeout: for calls that are given up, records that are saved, threads that end.
constexpr absl::Duration kMostToEnd = absl::Seconds(5);

// For the answer to --health. A probe is tried again soon.
constexpr absl::Duration kHealthTimeout = absl::Seconds(2);

constexpr absl::string_view kServing = "serving";

// Each line names the program, because a log of several programs may interleave them.
void Print(absl::string_view kind, absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) std::cerr << "interaction-server: " << kind << line << "\n";
}

int Fail(int exit_code, const absl::Status& status) {
  Print("", status.message());
  return exit_code;
}

// Prints what was asked for on standard output, which may be full or closed.
int Output(const std::string& text) {
  if (std::cout << text << std::flush) return 0;
  return Fail(kCannotServe, absl::DataLossError("standard output cannot be written"));
}

// --check-config and --print-config.
int Show(const app::CommandLine& line, const config::Config& config) {
  std::string explanation;
  if (!line.caller.empty()) {
    absl::StatusOr<std::string> text = app::ExplainCaller(config, line.caller);
    if (!text.ok()) return Fail(kWrongCommandLine, text.status());
    explanation = *std::move(text);
  }
  for (const std::string& warning : config.warnings) Print("warning: ", warning);
  return Output(absl::StrCat(line.print_config ? config::Describe(config) : "",
                             line.check_config ? "The configuration is valid.\n" : "", explanation));
}

// Returns the name of the signal that asks for shutdown.
std::string ReloadUntilEnd(const app::Signals& signals, const app::ServiceManager& manager, app::App* app,
                           app::Reloader* reloader) {
  while (true) {
    if (app->IsAlive()) manager.Alive();
    const app::Signals::Event event = signals.Wait(kLook);
    if (event.wish == app::Signals::Wish::kEnd) return event.signal;
    if (event.wish == app::Signals::Wish::kReload) {
      manager.Reloading();
      reloader->Reload(event.signal);
      manager.Ready(kServing);
    } else {
      reloader->ReloadIfFilesHaveChanged();
    }
  }
}

// --health. The configuration was checked when the server started with it.
int AskHealth(const config::Sources& sources) {
  const auto config = config::Load(sources);
  if (!config.ok()) return Fail(kWrongConfiguration, config.status());
  const absl::StatusOr<std::string> answer = app::AskHealth(config->admin, kHealthTimeout);
  if (answer.ok()) return Output(*answer);
  return Fail(absl::IsUnavailable(answer.status()) ? kCannotServe : kWrongConfiguration, answer.status());
}

telemetry::LogFormat FormatOf(const config::Log& log) {
  const bool is_text = log.format == "text" || (log.format == "auto" && isatty(STDERR_FILENO) != 0);
  return is_text ? telemetry::LogFormat::kText : telemetry::LogFormat::kJson;
}

// Lines about one event each, which tell an operator what the server is doing.
int Serve(config::Config config, config::Sources sources, absl::Time loaded_at,
          std::optional<app::TraceOptions> traces) {
  const RealClock clock;
  telemetry::BufferedLogSink sink(STDERR_FILENO);
  telemetry::Logger log(telemetry::LogLevelFromName(config.log.level), &clock, &sink, FormatOf(config.log));
  const app::Signals signals(&clock, &log);
  grpc_transport::RedirectLog(&log);
  app::WarnOfFewDescriptors(config.calls, &log);
  for (const std::string& warning : config.warnings) {
    log.Log(telemetry::LogLevel::kWarning, "configuration", {{"text", warning}});
  }
  auto app = app::App::Start(config, {.clock = &clock,
                                      .log = &log,
                                      .traces = std::move(traces),
                                      .drain = [] { kill(getpid(), SIGTERM); },
                                      .log_sink = &sink});
  if (!app.ok()) return Fail(absl::IsInvalidArgument(app.status()) ? kWrongConfiguration : kCannotServe, app.status());
  log.Log(telemetry::LogLevel::kInfo, "serving",
          {{"address", (*app)->address()},
           {"admin", (*app)->admin_address()},
           {"version", GetBuildInfo().version},
           {"commit", GetBuildInfo().commit}});
  if (config.callers.policy_file.empty()) {
    log.Log(config.server.insecure ? telemetry::LogLevel::kWarning : telemetry::LogLevel::kInfo,
            "everybody who can connect may call: callers.policy_file is not set",
            {{"listen", config.server.listen}, {"insecure", config.server.insecure}});
  }

  app::Reloader reloader(std::move(sources), app::CheckConfig, std::move(config), loaded_at, app->get(), &clock, &log);
  const app::ServiceManager manager;
  manager.Ready(kServing);
  const std::string signal = ReloadUntilEnd(signals, manager, app->get(), &reloader);
  manager.Stopping();
  const config::Calls& calls = reloader.config().calls;
  (*app)->AnnounceShutdown();
  log.Log(telemetry::LogLevel::kInfo, "draining: NOT_SERVING, calls are still accepted",
          {{"signal", signal}, {"seconds", absl::ToDoubleSeconds(calls.drain_delay)}});
  const std::string second_signal = signals.WaitForEnd(calls.drain_delay);
  log.Log(telemetry::LogLevel::kInfo, "draining: waiting for calls in flight",
          {{"signal", second_signal}, {"seconds", absl::ToDoubleSeconds(calls.drain_timeout)}});
  signals.LetThemKill();
  const app::EndWatchdog watchdog(calls.drain_timeout + kMostToEnd, [] {
    Print("", "the shutdown does not come to an end; the process is ended");
    _exit(kCannotServe);
  });
  (*app)->Shutdown(calls.drain_timeout);
  log.Log(telemetry::LogLevel::kInfo, "ended");
  grpc_transport::RedirectLog(nullptr);
  return 0;
}

}  // namespace
}  // namespace interaction

int main(int argc, char** argv) {
  using namespace interaction;  // NOLINT: main is outside the namespace

  std::optional<int> exit_code;
  const app::CommandLine line = app::ParseCommandLine(argc, argv, &exit_code);
  if (exit_code) return *exit_code;

  app::PrepareProcess();  // before secrets are read, so that no core dump contains them
  if (const absl::Status ready = http::GlobalInit(); !ready.ok()) return Fail(kCannotServe, ready);
  config::Sources sources = {line.config_file, app::Environment(), line.sets};
  if (line.health) return AskHealth(sources);
  const absl::Time loaded_at = RealClock().WallNow();
  auto config = config::Load(sources, app::CheckConfig);
  if (!config.ok()) return Fail(kWrongConfiguration, config.status());
  auto traces = app::ReadTraceOptions(sources.environment);
  if (!traces.ok()) return Fail(kWrongConfiguration, traces.status());
  return line.check_config || line.print_config
             ? Show(line, *config)
             : Serve(*std::move(config), std::move(sources), loaded_at, *std::move(traces));
}
