#include "client/cli/error_catalogue.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "interaction/client.h"

namespace interaction::cli {
namespace {

constexpr char kMayDiffer[] = "any";

// "see [transports.md](transports.md), `limit`" -> "see transports.md, limit".
std::string WithoutMarkdown(absl::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t link = text.find('[');
    const size_t middle = link == absl::string_view::npos ? link : text.find("](", link);
    const size_t end = middle == absl::string_view::npos ? middle : text.find(')', middle);
    if (end == absl::string_view::npos) {
      plain += std::string(text);
      break;
    }
    plain += std::string(text.substr(0, link));
    plain += std::string(text.substr(link + 1, middle - link - 1));
    text.remove_prefix(end + 1);
  }
  return absl::StrReplaceAll(plain, {{"`", ""}});
}

}  // namespace

std::vector<ReasonEntry> ErrorCatalogue() {
  std::vector<ReasonEntry> entries;
  for (const absl::string_view line : absl::StrSplit(kErrorsPage, '\n')) {
    const std::vector<absl::string_view> cells = absl::StrSplit(line, " | ");
    if (cells.size() != 5 || !absl::StartsWith(line, "| `")) continue;
    const auto cell = [&cells](size_t i) {
      return std::string(absl::StripAsciiWhitespace(WithoutMarkdown(absl::StrReplaceAll(cells[i], {{"|", ""}}))));
    };
    entries.push_back({cell(0), cell(1), cell(2), cell(3), cell(4)});
  }
  entries.push_back({kGatewayUnreachable, "UNAVAILABLE or DEADLINE_EXCEEDED", "not_applied",
                     "there was no connection to the gateway, so nothing was sent",
                     "check the address, and that a gateway listens there: interactionctl health"});
  entries.push_back({kIllegalMetadata, "INVALID_ARGUMENT", "not_applied", "metadata (-H) that cannot be sent",
                     "names in lower case without grpc-, values in ASCII without line ends"});
  entries.push_back({kCredentialUnreadable, "FAILED_PRECONDITION", "not_applied",
                     "the file with the token or key cannot be read, or holds something else", "correct the file"});
  entries.push_back({kNoAnswerFromGateway, kMayDiffer, "unknown",
                     "the call was sent and ended without an answer of the gateway itself: the connection broke, the "
                     "deadline passed, or something on the way answered in its place",
                     "with a request_id, call again with the same one; without, check at the vendor first"});
  return entries;
}

}  // namespace interaction::cli
