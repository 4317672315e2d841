// interaction-server: reads the configuration, serves until it gets a signal, and shuts down gracefully.
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/app/app.h"
#include "server/app/check_config.h"
#include "server/app/command_line.h"
#include "server/app/process.h"
#include "server/app/signals.h"
#include "server/base/clock.h"
#include "server/config/describe.h"
#include "server/config/load.h"
#include "server/grpc_transport/log.h"
#include "server/http/client.h"
#include "server/telemetry/log.h"
#include "version/version.h"

namespace interaction {
namespace {

constexpr int kCannotServe = 1;
constexpr int kWrongConfiguration = 78;  // EX_CONFIG of sysexits.h

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
  for (const std::string& warning : config.warnings) Print("warning: ", warning);
  return Output(absl::StrCat(line.print_config ? config::Describe(config) : "",
                             line.check_config ? "The configuration is valid.\n" : ""));
}

// Lines about one event each, which tell an operator what the server is doing.
int Serve(const config::Config& config) {
  const RealClock clock;
  telemetry::FileLogSink sink(STDERR_FILENO);
  telemetry::Logger log(telemetry::LogLevelFromName(config.log.level), &clock, &sink);
  const app::Signals signals(&clock, &log);
  grpc_transport::RedirectLog(&log);
  app::WarnOfFewDescriptors(config.calls, &log);
  for (const std::string& warning : config.warnings) {
    log.Log(telemetry::LogLevel::kWarning, "configuration", {{"text", warning}});
  }
  auto app = app::App::Start(config, {&clock, &log});
  if (!app.ok()) return Fail(absl::IsInvalidArgument(app.status()) ? kWrongConfiguration : kCannotServe, app.status());
  log.Log(telemetry::LogLevel::kInfo, "serving",
          {{"address", (*app)->address()}, {"version", GetBuildInfo().version}, {"commit", GetBuildInfo().commit}});

  const std::string signal = signals.WaitForEnd();
  (*app)->AnnounceShutdown();
  log.Log(telemetry::LogLevel::kInfo, "draining: NOT_SERVING, calls are still accepted",
          {{"signal", signal}, {"seconds", absl::ToDoubleSeconds(config.calls.drain_delay)}});
  const std::string second_signal = signals.WaitForEnd(config.calls.drain_delay);
  log.Log(telemetry::LogLevel::kInfo, "draining: waiting for calls in flight",
          {{"signal", second_signal}, {"seconds", absl::ToDoubleSeconds(config.calls.drain_timeout)}});
  signals.LetThemKill();
  (*app)->Shutdown(config.calls.drain_timeout);
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
  const auto config = config::Load({line.config_file, app::Environment(), line.sets}, app::CheckConfig);
  if (!config.ok()) return Fail(kWrongConfiguration, config.status());
  return line.check_config || line.print_config ? Show(line, *config) : Serve(*config);
}
