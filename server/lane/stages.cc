#include "server/lane/stages.h"

namespace interaction::lane {

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
