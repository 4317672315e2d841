#include "client/completions.h"

#include <grpc/support/time.h>

namespace interaction::internal {

void Completions::Pause::Begin(grpc::CompletionQueue* queue, absl::Time end, void* tag) {
  const std::lock_guard lock(mutex_);
  alarm_.Set(queue, absl::ToChronoTime(is_ended_ ? absl::UnixEpoch() : end), tag);
}

void Completions::Pause::End() {
  const std::lock_guard lock(mutex_);
  is_ended_ = true;
  alarm_.Cancel();
}

Completions::Completions()
    : queue_(std::make_shared<grpc::CompletionQueue>()), thread_([queue = queue_] { Run(queue.get()); }) {}

Completions::~Completions() {
  queue_->Shutdown();
  if (IsHere()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void Completions::Run(grpc::CompletionQueue* queue) {
  void* tag = nullptr;
  bool is_ok = false;  // an operation says by its own status how it ended
  while (queue->Next(&tag, &is_ok)) static_cast<Tag*>(tag)->GoOn();
}

}  // namespace interaction::internal
