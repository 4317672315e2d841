#include "client/cli/commands/health.h"

#include <memory>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/terminal.h"

namespace interaction::cli {
namespace {

constexpr char kHealthExamples[] = R"(Examples:
  interactionctl health
  interactionctl health interaction.v1.InteractionService --address gateway:50051 --tls)";

// What a gateway tells about its upstreams, one by one.
constexpr const char* kParts[] = {"upstream.seethepro", "upstream.wolkvox"};

// Asks about each part. One that this gateway does not know is left out.
absl::Status AddParts(const Session& session, Client& client, Health& health) {
  for (const char* part : kParts) {
    const absl::StatusOr<ServingStatus> status = client.CheckHealth(part, MakeCallOptions(session));
    if (status.ok()) health.parts.emplace_back(part, *status);
    if (!status.ok() && !absl::IsNotFound(status.status())) return status.status();
  }
  return absl::OkStatus();
}

int CheckHealth(Session& session, const std::string& service) {
  const absl::StatusOr<std::unique_ptr<Client>> client = Connect(session);
  if (!client.ok()) return FailUsage(session, client.status().message());
  const absl::StatusOr<ServingStatus> status = [&] {
    const WaitingNote waiting(session);
    return (*client)->CheckHealth(service, MakeCallOptions(session));
  }();
  if (!status.ok()) return FailCall(session, status.status(), Effect::kNone);
  Health health = {service, *status, {}};
  if (service.empty()) {
    if (absl::Status parts = AddParts(session, **client, health); !parts.ok()) {
      return FailCall(session, parts, Effect::kNone);
    }
  }
  const int exit_code = *status == ServingStatus::kServing ? kExitOk : kExitNotServing;
  return WriteData(session, RenderHealth(health, session.options.format), RenderHealth(health, Format::kTable),
                   exit_code);
}

}  // namespace

Command AddHealth(CLI::App& root) {
  CLI::App* app = root.add_subcommand("health", "Ask whether the gateway, and each upstream, is ready to serve");
  app->footer(kHealthExamples);
  auto service = std::make_shared<std::string>();
  app->add_option("service", *service, "name of a service; without it, the gateway as a whole and each upstream")
      ->type_name("NAME");
  return {app, [service](Session& session) { return CheckHealth(session, *service); }};
}

}  // namespace interaction::cli
