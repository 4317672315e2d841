#pragma once

#include <utility>
#include <vector>

#include "server/call/observer.h"

namespace interaction::call {

// Several observers as one. They are told in their order, and outlive this.
class Observers final : public Observer {
 public:
  explicit Observers(std::vector<Observer*> observers) : observers_(std::move(observers)) {}

  void OnStart(const Call& call) override {
    for (Observer* const observer : observers_) observer->OnStart(call);
  }
  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override {
    for (Observer* const observer : observers_) observer->OnAttemptEnd(call, attempt);
  }
  void OnEnd(const Call& call) override {
    for (Observer* const observer : observers_) observer->OnEnd(call);
  }

 private:
  const std::vector<Observer*> observers_;
};

}  // namespace interaction::call
