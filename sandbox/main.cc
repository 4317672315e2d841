// interaction-sandbox: plays SeeThePro and wolkvox on this machine. See README.md.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sandbox/all_vendors.h"
#include "sandbox/sandbox.h"
#include "sandbox/scenarios.h"
#include "sandbox/server.h"
#include "version/version.h"

namespace interaction::sandbox {
namespace {

constexpr int kUsageError = 2;  // also: the port is in use

struct Flags {
  std::string listen = "127.0.0.1:8080";
  std::string delay = "0ms";
  std::string wolkvox_delay;  // "": as delay
  bool log = false;
  bool list_scenarios = false;
  bool optional_server_header = false;
  bool always_200 = false;
  VendorOptions vendors;
  SandboxOptions sandbox;
  ServerOptions server;
};

int Complain(absl::string_view text) {
  std::cerr << "interaction-sandbox: " << text << std::endl;
  return kUsageError;
}

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("--listen", flags.listen, "address and port; port 0 picks a free one, which is printed")
      ->capture_default_str();
  app.add_option("--delay", flags.delay, "delay every answer, for example by 200ms")->capture_default_str();
  app.add_option("--wolkvox-delay", flags.wolkvox_delay, "the same for wolkvox alone");
  app.add_option("--simultaneous", flags.vendors.wolkvox.simultaneous, "wolkvox: requests per token at a time")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_flag("--wolkvox-close", flags.vendors.wolkvox.close, "wolkvox: Connection: close on every answer");
  app.add_flag("--wolkvox-always-200", flags.always_200, "wolkvox: HTTP 200 whatever the code in the body");
  app.add_flag("--wolkvox-server-header-optional", flags.optional_server_header,
               "wolkvox: accept requests without the header wolkvox_server");
  app.add_option("--threads", flags.server.threads)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--keep-requests", flags.sandbox.keep_requests, "how many requests GET /sandbox/requests can show")
      ->capture_default_str();
  app.add_flag("--show-secrets", flags.sandbox.show_secrets, "GET /sandbox/requests shows tokens");
  app.add_flag("--log", flags.log, "one line a request on stderr, without secrets");
  app.add_flag("--list-scenarios", flags.list_scenarios, "print the scenarios and exit");
}

// What the parser could not check by itself. Returns what is wrong, "" if nothing.
std::string Resolve(Flags& flags) {
  const size_t colon = flags.listen.rfind(':');
  if (colon == std::string::npos || !absl::SimpleAtoi(flags.listen.substr(colon + 1), &flags.server.port) ||
      flags.server.port < 0 || flags.server.port > 65535) {
    return "--listen must be host:port";
  }
  flags.server.host = flags.listen.substr(0, colon);
  if (flags.server.host.size() > 2 && flags.server.host.front() == '[' && flags.server.host.back() == ']') {
    flags.server.host = flags.server.host.substr(1, flags.server.host.size() - 2);
  }
  if (flags.wolkvox_delay.empty()) flags.wolkvox_delay = flags.delay;
  const std::pair<std::string, absl::Duration*> delays[] = {{flags.delay, &flags.vendors.delay},
                                                            {flags.wolkvox_delay, &flags.vendors.wolkvox.delay}};
  for (const auto& [text, delay] : delays) {
    if (!absl::ParseDuration(text, delay) || *delay < absl::ZeroDuration() || *delay > absl::Minutes(10)) {
      return absl::StrCat("a delay must be a time of at most 10m, such as 200ms: ", text);
    }
  }
  flags.vendors.wolkvox.mirror_status = !flags.always_200;
  flags.vendors.wolkvox.require_server_header = !flags.optional_server_header;
  if (flags.log) {
    // One write a line: lines of several threads do not mix.
    flags.sandbox.log = [](absl::string_view line) { std::cerr << absl::StrCat(line, "\n"); };
  }
  return "";
}

int Serve(const Flags& flags) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there is a thread, so that all of them block it
  signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();

  Sandbox sandbox(AllVendors(flags.vendors), flags.sandbox);
  const auto server = Server::Start(flags.server, &sandbox);
  if (!server.ok()) return Complain(server.status().message());
  const bool is_v6 = flags.server.host.find(':') != std::string::npos;
  std::cout << "listening on http://" << (is_v6 ? absl::StrCat("[", flags.server.host, "]") : flags.server.host) << ":"
            << (*server)->port() << std::endl;
  int received;
  sigwait(&signals, &received);
  return 0;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Plays SeeThePro and wolkvox over plain HTTP, with errors on request.", "interaction-sandbox");
  app.set_version_flag("--version", VersionLine("interaction-sandbox"), "print version, commit and build, and exit");
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return Complain(error.what());
  }
  if (flags.list_scenarios) {
    std::cout << ScenarioTable(AllVendors());
    return 0;
  }
  if (const std::string problem = Resolve(flags); !problem.empty()) return Complain(problem);
  return Serve(flags);
}

}  // namespace
}  // namespace interaction::sandbox

int main(int argc, char** argv) { return interaction::sandbox::Main(argc, argv); }
