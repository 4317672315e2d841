#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::cli {
namespace {

constexpr std::chrono::seconds kPatience(1);

size_t WidthOfTerminal() {
  winsize size = {};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

Terminal FindTerminal(const std::istream& in, const std::ostream& err, const GetEnv& getenv) {
  Terminal terminal;
  terminal.reads = &in == &std::cin && isatty(STDIN_FILENO) != 0;
  terminal.shows = &err == &std::cerr && isatty(STDERR_FILENO) != 0;
  const char* type = getenv("TERM");
  terminal.rewrites = terminal.shows && type != nullptr && absl::string_view(type) != "dumb";
  if (terminal.shows) terminal.width = WidthOfTerminal();
  return terminal;
}

void TellThatInputIsRead(const Session& session) {
  if (!session.terminal.reads) return;
  session.notes() << "reading from standard input; Ctrl-D at the beginning of a line ends it\n" << std::flush;
}

WaitingNote::WaitingNote(const Session& session) {
  if (!session.terminal.shows || session.options.quiet) return;
  thread_ = std::thread([this, &session] {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, kPatience, [this] { return is_over_; })) return;
    session.err << "waiting for the answer of " << session.options.address << ", at most "
                << absl::FormatDuration(session.options.timeout) << "; Ctrl-C cancels\n"
                << std::flush;
  });
}

WaitingNote::~WaitingNote() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_one();
  thread_.join();
}

}  // namespace interaction::cli
