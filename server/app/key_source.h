#pragma once

#include <condition_variable>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/http/download.h"
#include "server/telemetry/log.h"

namespace interaction::app {

struct KeySourceOptions {
  std::string url;  // of a JSON Web Key Set; "": none is fetched
  absl::Duration refresh = absl::Minutes(5);
  http::DownloadOptions download;
};

// Fetches the keys that tokens are signed with: at once, every so often, and when a token names an unknown one. After a
// failure it tries again soon, and the keys that are there stay. On a thread of its own, which exists once there is a
// URL. Thread-safe.
class KeySource {
 public:
  // An unknown key has them fetched no more often than this, or anybody could make the gateway flood the issuer.
  static constexpr absl::Duration kAskNoSooner = absl::Seconds(5);

  // Takes what was fetched, on the source's thread; INVALID_ARGUMENT if it is no key set.
  using Receiver = std::function<absl::Status(std::string key_set)>;

  // `clock` and `log` (may be null) outlive this.
  KeySource(const Clock* clock, telemetry::Logger* log, Receiver receiver);
  ~KeySource() { Stop(); }

  // From now on. Another URL is asked at once.
  void Use(const KeySourceOptions& options);

  // A token names a key that is not there. True: keys are being fetched, or will be at once.
  bool AskAgain();

  // Ends the thread, and fetches nothing any more.
  void Stop();

 private:
  void Run();
  SteadyTime Fetch(const KeySourceOptions& options);
  void Report(const absl::Status& status) const;

  const Clock* const clock_;
  telemetry::Logger* const log_;
  const Receiver receiver_;
  absl::Duration pause_;  // before the next attempt after a failure; of the thread

  Mutex mutex_;
  std::condition_variable_any changed_;
  KeySourceOptions options_ ABSL_GUARDED_BY(mutex_);
  SteadyTime due_ ABSL_GUARDED_BY(mutex_) = kNever;
  SteadyTime began_ ABSL_GUARDED_BY(mutex_) = 0;  // the last fetch
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace interaction::app
