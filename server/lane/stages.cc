#include "server/lane/stages.h"

#include <algorithm>

namespace interaction::lane {

bool Stages::IsEmpty() const {
  return std::all_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue.empty(); });
}

bool Stages::Run() {
  bool any = false;
  for (auto& queue : queues_) {
    if (queue.empty()) continue;
    any = true;
    running_.swap(queue);
    for (const std::coroutine_handle<> waiting : running_) waiting.resume();
    running_.clear();
  }
  return any;
}

}  // namespace interaction::lane
