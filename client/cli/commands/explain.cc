#include "client/cli/commands/explain.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/error_catalogue.h"
#include "client/cli/exit_code.h"
#include "client/cli/output.h"
#include "client/cli/suggest.h"

namespace interaction::cli {
namespace {

constexpr char kExplainExamples[] = R"(Examples:
  interactionctl explain UPSTREAM_TIMEOUT
  interactionctl explain            # all reasons)";

nlohmann::ordered_json JsonOf(const ReasonEntry& entry) {
  return {{"reason", entry.reason},
          {"code", entry.code},
          {"outcome", entry.outcome},
          {"meaning", entry.meaning},
          {"advice", entry.advice}};
}

int ExplainAll(const Session& session, const std::vector<ReasonEntry>& catalogue) {
  const Format format = session.options.format;
  std::string text;
  if (format == Format::kTable) {
    Rows rows;
    for (const ReasonEntry& entry : catalogue) rows.emplace_back(entry.reason, entry.meaning);
    text = RenderRows(rows, "");
  } else if (format == Format::kNdjson) {
    for (const ReasonEntry& entry : catalogue) absl::StrAppend(&text, Dump(JsonOf(entry), format));
  } else {
    nlohmann::ordered_json list;
    for (const ReasonEntry& entry : catalogue) list.push_back(JsonOf(entry));
    text = Dump(list, format);
  }
  return WriteData(session, text, "", kExitOk);
}

int Explain(const Session& session, const std::string& word) {
  const std::vector<ReasonEntry> catalogue = ErrorCatalogue();
  if (word.empty()) return ExplainAll(session, catalogue);
  const std::string reason = absl::AsciiStrToUpper(word);
  const auto entry = std::find_if(catalogue.begin(), catalogue.end(),
                                  [&reason](const ReasonEntry& candidate) { return candidate.reason == reason; });
  if (entry == catalogue.end()) {
    std::vector<std::string> known;
    for (const ReasonEntry& candidate : catalogue) known.push_back(candidate.reason);
    const std::string guess = DidYouMean(reason, known);
    return FailUsage(session, absl::StrCat("no reason '", word, "'",
                                           guess.empty() ? "; interactionctl explain lists all of them" : guess));
  }
  if (session.options.format != Format::kTable) {
    return WriteData(session, Dump(JsonOf(*entry), session.options.format), "", kExitOk);
  }
  const Rows rows = {{"reason", entry->reason},
                     {"code", entry->code},
                     {"outcome", entry->outcome},
                     {"meaning", entry->meaning},
                     {"advice", entry->advice}};
  return WriteData(session, RenderRows(rows, ""), "", kExitOk);
}

}  // namespace

Command AddExplain(CLI::App& root) {
  CLI::App* app = root.add_subcommand("explain", "Explain a reason that an error names, and what to do about it");
  app->footer(kExplainExamples);
  auto reason = std::make_shared<std::string>();
  app->add_option("reason", *reason, "the reason; without it, all reasons")->type_name("REASON");
  return {app, [reason](Session& session) { return Explain(session, *reason); }};
}

}  // namespace interaction::cli
