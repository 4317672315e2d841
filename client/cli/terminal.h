#pragma once

#include <condition_variable>
#include <cstddef>
#include <iosfwd>
#include <mutex>
#include <string>
#include <thread>

#include "client/cli/session.h"

namespace interaction::cli {

// Which of the standard streams a person sits at, and what the terminal can do. `in` and `err` count as terminals only
// if they are std::cin and std::cerr.
Terminal FindTerminal(const std::istream& in, const std::ostream& err, const GetEnv& getenv);

// Tells a person who is about to wait for a program that waits for them: what is read is what they type.
void TellThatInputIsRead(const Session& session);

// While it lives, a call is under way. Once that has taken a second, a person at a terminal is told what is being
// waited for.
class WaitingNote {
 public:
  explicit WaitingNote(const Session& session);
  ~WaitingNote();
  WaitingNote(const WaitingNote&) = delete;
  WaitingNote& operator=(const WaitingNote&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;  // not started where nobody would read the note
};

}  // namespace interaction::cli
