#include "client/cli/commands/create_vsp.h"

#include <memory>

#include "client/cli/commands/open_interaction.h"

namespace interaction::cli {
namespace {

constexpr FieldFlag kVspFields[] = {
    {"interaction_identity", "person or device the interaction is for (required)"},
    {"interaction_name", "name of the interaction (required)"},
    {"account_id", "account at SeeThePro, a GUID (required)"},
    {"contact_id", "contact at SeeThePro, a GUID (required)"},
    {"tenant_key", "tenant at SeeThePro, a GUID"},
    {"group_key", "group at SeeThePro, a GUID"},
    {"app_access_key", "the access key, if the gateway has none", /*secret=*/true},
};

constexpr char kCreateVspExamples[] = R"(Examples:
  interactionctl create-vsp --interaction-identity +573001234567 --interaction-name "Claim 1138" \
      --account-id 6925ebd4-125d-4338-a736-99f4b5bcb3d7 --contact-id 0b0a3c1e-58b4-4c1b-9d0e-2d0c6a1f7f55
  interactionctl create-vsp --json request.json --request-id auto -o json)";

}  // namespace

Command AddCreateVsp(CLI::App& root) {
  CLI::App* app = root.add_subcommand("create-vsp", "Open a video interaction at SeeThePro");
  app->footer(kCreateVspExamples);
  auto input = std::make_shared<RequestInput>(*app, kVspFields);
  return {app, [input](Session& session) { return OpenInteraction(session, *input, &Client::CreateVspInteraction); },
          /*needs_input=*/true};
}

}  // namespace interaction::cli
