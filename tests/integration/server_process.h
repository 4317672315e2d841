#pragma once

#include <grpcpp/create_channel.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway.h"
#include "tests/support/subprocess.h"

namespace interaction::testing {

// Settings of a server with these upstreams, on this machine and in plaintext, that drains without delay.
inline std::vector<std::string> SettingsFor(const std::string& seethepro_url, const std::string& wolkvox_url) {
  return {absl::StrCat("seethepro.base_url=", seethepro_url), absl::StrCat("wolkvox.base_url=", wolkvox_url),
          "egress.allow_plaintext=true", "egress.allow_loopback=true", "calls.drain_delay=0s"};
}

// The settings, and others after them, which win.
inline std::vector<std::string> With(std::vector<std::string> settings, const std::vector<std::string>& others) {
  settings.insert(settings.end(), others.begin(), others.end());
  return settings;
}

// interaction-server in a process of its own, on a free port, and a client of it.
class ServerProcess {
 public:
  // `settings` as for --set.
  explicit ServerProcess(const std::vector<std::string>& settings, const SubprocessOptions& options = {})
      : process_(INTERACTION_SERVER, Arguments(settings), options),
        serving_(process_.WaitForLine("\"serving\"").value_or("")),
        address_(AddressIn("address")),
        admin_address_(AddressIn("admin")),
        client_(GatewayClient(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()))) {}

  Subprocess& process() { return process_; }
  const Subprocess& process() const { return process_; }
  const std::string& address() const { return address_; }  // "" if it does not serve
  const std::string& admin_address() const { return admin_address_; }

  VspAnswer CreateVsp(const v1::CreateVspInteractionRequest& request, const CallSetup& setup = nullptr) const {
    return client_.CreateVsp(request, setup);
  }
  WolkvoxAnswer AddWolkvox(const v1::AddWolkvoxInteractionRequest& request, const CallSetup& setup = nullptr) const {
    return client_.AddWolkvox(request, setup);
  }

 private:
  static std::vector<std::string> Arguments(const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = {"--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"};
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return arguments;
  }

  // Out of the log line {"msg":"serving","address":"127.0.0.1:41234","admin":"127.0.0.1:41235"}.
  std::string AddressIn(absl::string_view key) const {
    const std::string quoted = absl::StrCat("\"", key, "\":\"");
    const size_t start = serving_.find(quoted);
    if (start == std::string::npos) return "";
    const size_t from = start + quoted.size();
    return serving_.substr(from, serving_.find('"', from) - from);
  }

  Subprocess process_;
  const std::string serving_;  // the line
  const std::string address_;
  const std::string admin_address_;
  const GatewayClient client_;
};

}  // namespace interaction::testing
