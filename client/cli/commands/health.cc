#include "client/cli/commands/health.h"

#include <memory>
#include <string>

#include "client/cli/exit_code.h"

namespace interaction::cli {
namespace {

constexpr char kHealthExamples[] = R"(Examples:
  interactionctl health
  interactionctl health interaction.v1.InteractionService --address gateway:50051 --tls)";

int CheckHealth(Session& session, const std::string& service) {
  const absl::StatusOr<std::unique_ptr<Client>> client = Connect(session);
  if (!client.ok()) return FailUsage(session, client.status().message());
  const absl::StatusOr<ServingStatus> status = (*client)->CheckHealth(service, MakeCallOptions(session));
  if (!status.ok()) return FailCall(session, status.status(), Effect::kNone);
  const int exit_code = *status == ServingStatus::kServing ? kExitOk : kExitNotServing;
  return WriteData(session, RenderHealth(service, *status, session.options.format),
                   RenderHealth(service, *status, Format::kTable), exit_code);
}

}  // namespace

Command AddHealth(CLI::App& root) {
  CLI::App* app = root.add_subcommand("health", "Ask whether the gateway is ready to serve");
  app->footer(kHealthExamples);
  auto service = std::make_shared<std::string>();
  app->add_option("service", *service, "name of a service; without it, the gateway as a whole")->type_name("NAME");
  return {app, [service](Session& session) { return CheckHealth(session, *service); }};
}

}  // namespace interaction::cli
