#pragma once

namespace interaction::lane {

// Why a call is given up.
enum class CancelCause {
  kCaller,    // the caller cancelled, its deadline passed, or its connection broke
  kDeadline,  // nobody waits for it any longer
  kShutdown,  // the server ends, and the time for calls in flight is over
};

// "Stop this call", told to whatever the call waits for. Lives with the call; used on its lane only, so there is no
// lock.
class Cancellation {
 public:
  // Something that can be stopped: a wait for an answer, a timer. It is listed while it waits.
  class Listener {
   public:
    virtual void OnCancel() = 0;

   protected:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;

   private:
    friend class Cancellation;
    Listener* previous_ = nullptr;
    Listener* next_ = nullptr;
  };

  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  bool cancelled() const { return cancelled_; }
  CancelCause cause() const { return cause_; }

  // Tells every listener, once; the first cause wins. A listener is taken off the list before it is told and may
  // destroy this object when it is the last.
  void Cancel(CancelCause cause) {
    if (cancelled_) return;
    cancelled_ = true;
    cause_ = cause;
    while (Listener* listener = first_) {
      const bool last = listener->next_ == nullptr;
      Remove(listener);
      listener->OnCancel();
      if (last) return;
    }
  }

  void Add(Listener* listener) {
    listener->previous_ = nullptr;
    listener->next_ = first_;
    if (first_) first_->previous_ = listener;
    first_ = listener;
  }

  void Remove(Listener* listener) {
    (listener->previous_ ? listener->previous_->next_ : first_) = listener->next_;
    if (listener->next_) listener->next_->previous_ = listener->previous_;
    listener->previous_ = listener->next_ = nullptr;
  }

 private:
  bool cancelled_ = false;
  CancelCause cause_ = CancelCause::kCaller;
  Listener* first_ = nullptr;
};

}  // namespace interaction::lane
