#include "client/cli/commands/add_wolkvox.h"

#include <memory>

#include "client/cli/commands/open_interaction.h"

namespace interaction::cli {
namespace {

constexpr FieldFlag kWolkvoxFields[] = {
    {"sender", "who the interaction comes from (required)"},
    {"sender_name", "name of the sender"},
    {"recipient", "who the interaction is for (required)"},
    {"recipient_name", "name of the recipient"},
    {"subject", "what the interaction is about"},
    {"body", "text of the interaction"},
    {"routing_point_id", "routing point whose flow is executed (required)"},
    {"wolkvox_server", "which wv<server> to call, if the gateway has no default"},
    {"wolkvox_token", "the token, if the gateway has none", /*secret=*/true},
};

constexpr char kAddWolkvoxExamples[] = R"(Examples:
  interactionctl add-wolkvox --sender +573001234567 --recipient +576015550100 --routing-point-id 4711 \
      --subject "Call me back" --body "After 5 pm, please"
  jq -c .ticket < ticket.json | interactionctl add-wolkvox --json - --wolkvox-server 0042 -o json)";

}  // namespace

Command AddAddWolkvox(CLI::App& root) {
  CLI::App* app = root.add_subcommand("add-wolkvox", "Route an atypical interaction to an agent at wolkvox");
  app->footer(kAddWolkvoxExamples);
  auto input = std::make_shared<RequestInput>(*app, kWolkvoxFields);
  return {app, [input](Session& session) { return OpenInteraction(session, *input, &Client::AddWolkvoxInteraction); },
          /*needs_input=*/true};
}

}  // namespace interaction::cli
