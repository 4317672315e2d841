#pragma once

#include <future>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"

namespace interaction::testing {

// Waits for what a function with a callback brings:
//
//   absl::Status status = Await<absl::Status>([&](auto done) { store.Release(key, owner, std::move(done)); });
template <typename T>
T Await(absl::FunctionRef<void(absl::AnyInvocable<void(T) &&>)> start) {
  auto promise = std::make_shared<std::promise<T>>();
  start([promise](T value) { promise->set_value(std::move(value)); });
  return promise->get_future().get();
}

}  // namespace interaction::testing
