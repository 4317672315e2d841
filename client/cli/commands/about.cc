#include "client/cli/commands/about.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/completion.h"
#include "client/cli/exit_code.h"
#include "client/cli/manual.h"
#include "client/cli/output.h"
#include "version/version.h"

namespace interaction::cli {
namespace {

int PrintVersion(const Session& session) {
  if (session.options.format == Format::kTable) {
    return WriteData(session, VersionLine("interactionctl") + "\n", "", kExitOk);
  }
  const BuildInfo& build = GetBuildInfo();
  const nlohmann::ordered_json fields = {
      {"version", build.version}, {"commit", build.commit}, {"type", build.type}, {"compiler", build.compiler}};
  return WriteData(session, Dump(fields, session.options.format), "", kExitOk);
}

int PrintCompletion(const CLI::App& root, const Session& session, const std::string& shell) {
  const std::string script = CompletionScript(root, shell);
  if (script.empty()) return FailUsage(session, absl::StrCat("completion for bash, zsh or fish, not '", shell, "'"));
  return WriteData(session, script, "", kExitOk);
}

}  // namespace

Command AddHelp(CLI::App& root) {
  CLI::App* app = root.add_subcommand("help", "Print this help, or that of a command");
  app->footer("Examples:\n  interactionctl help create-vsp");
  return {app, [&root](Session& session) { return WriteData(session, root.help(), "", kExitOk); }};
}

Command AddVersion(CLI::App& root) {
  CLI::App* app = root.add_subcommand("version", "Print version, commit and build");
  app->footer("Examples:\n  interactionctl version\n  interactionctl version -o json");
  return {app, [](Session& session) { return PrintVersion(session); }};
}

Command AddCompletion(CLI::App& root) {
  CLI::App* app = root.add_subcommand("completion", "Print a script that lets a shell complete commands and flags");
  app->footer(R"(Examples:
  interactionctl completion bash > ~/.local/share/bash-completion/completions/interactionctl
  interactionctl completion zsh > "${fpath[1]}/_interactionctl"
  interactionctl completion fish > ~/.config/fish/completions/interactionctl.fish)");
  auto shell = std::make_shared<std::string>();
  app->add_option("shell", *shell, "bash, zsh or fish")->type_name("SHELL");
  return {app, [&root, shell](Session& session) { return PrintCompletion(root, session, *shell); },
          /*needs_input=*/true};
}

Command AddManual(CLI::App& root) {
  CLI::App* app = root.add_subcommand("manual", "Print the manual as a man page");
  app->footer("Examples:\n  interactionctl manual | man -l -");
  return {app, [&root](Session& session) { return WriteData(session, ManualPage(root), "", kExitOk); }};
}

}  // namespace interaction::cli
