// Opens an interaction three times, blocking, by callback and by coroutine, and shows an error.
// usage: main ADDRESS
#include <coroutine>
#include <exception>
#include <future>
#include <iostream>

#include "interaction/client.h"

using Result = absl::StatusOr<interaction::Reply<interaction::v1::CreateVspInteractionResponse>>;

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Task Open(interaction::Client& client, interaction::v1::CreateVspInteractionRequest request,
          std::promise<Result>& promise) {
  promise.set_value(co_await client.CreateVspInteractionAsync(request));
}

void Show(const char* how, const Result& result) {
  std::cout << how << ": " << (result.ok() ? result->message.interaction_id() : result.status().ToString()) << "\n";
}

int main(int, char** arguments) {
  auto client = interaction::Client::Connect({.target = arguments[1]});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  interaction::v1::CreateVspInteractionRequest request;
  request.set_interaction_identity("+573001234567");
  request.set_interaction_name("Claim 1138");
  request.set_account_id("6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  request.set_contact_id("3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");

  Show("blocking", (*client)->CreateVspInteraction(request));

  std::promise<Result> by_callback;
  (*client)->CreateVspInteractionAsync(request, {}, [&](Result result) { by_callback.set_value(std::move(result)); });
  Show("callback", by_callback.get_future().get());

  std::promise<Result> by_coroutine;
  Open(**client, request, by_coroutine);
  Show("coroutine", by_coroutine.get_future().get());

  request.set_account_id("12");
  const interaction::CallError error = interaction::GetCallError((*client)->CreateVspInteraction(request).status());
  std::cout << "error: " << error.reason << " " << error.phase << " " << error.field_violations.at(0).field << "\n";
}
