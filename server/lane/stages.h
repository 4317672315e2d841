#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <vector>

namespace interaction::lane {

// The points of a call at which it waits for the other calls of the same turn. In the order in which a turn takes them.
enum class Stage {
  kDecode,    // the upstream's answer is there: decode it
  kConclude,  // the outcome is known: answer the client
  kParse,     // the message is there: parse, validate, admit
  kEncode,    // it may be sent: records, limits, encode
  kSend,      // the request is ready: write it to the upstream
};
inline constexpr size_t kStages = static_cast<size_t>(Stage::kSend) + 1;

// Lets the calls of a turn go through the same stretch of code one after the other, so that all but the first find it
// in the processor's instruction cache, which is smaller than the code of a whole call. Not thread-safe.
class Stages {
 public:
  // Await it: the rest of the coroutine runs when its lane comes to that stage, in this turn or, if the stage is over,
  // in the next. Whatever can end a call may happen until then.
  auto Enter(Stage stage) {
    struct Awaiter {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> awaiter) { queue->push_back(awaiter); }
      void await_resume() const noexcept {}

      std::vector<std::coroutine_handle<>>* queue;
    };
    return Awaiter{&queues_[static_cast<size_t>(stage)]};
  }

  // Resumes whoever waits, stage by stage. Returns whether anyone did.
  bool Run();

  // Whether nobody waits for a stage.
  bool IsEmpty() const;

 private:
  std::array<std::vector<std::coroutine_handle<>>, kStages> queues_;
  std::vector<std::coroutine_handle<>> running_;  // of the stage that runs
};

}  // namespace interaction::lane
