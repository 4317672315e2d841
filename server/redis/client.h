#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/secret.h"
#include "server/redis/lookup.h"
#include "server/redis/reply.h"
#include "server/redis/sentinel.h"
#include "server/telemetry/histogram.h"
#include "server/telemetry/log.h"
#include "server/tls/client_context.h"

namespace interaction::redis {

struct ClientOptions {
  std::string host = "127.0.0.1";  // a name or an address
  uint16_t port = 6379;
  SentinelOptions sentinel;  // if there are Sentinels, they are asked for the primary, instead of host and port
  std::shared_ptr<const tls::ClientContext> tls;  // to Redis and its Sentinels; null: without TLS
  std::string socket_path;                        // of a Unix socket; if not empty, used instead of host and port
  std::string username;                           // of an ACL; "": the default user
  Secret password;                                // "": no AUTH
  int database = 0;
  absl::Duration operation_timeout = absl::Milliseconds(50);       // of a command, counted from Run()
  absl::Duration connect_timeout = absl::Seconds(1);               // name lookup, connection and AUTH together
  absl::Duration min_backoff = absl::Milliseconds(100);            // after the first failed attempt to connect
  absl::Duration max_backoff = absl::Seconds(2);                   // after many
  int max_commands = 4096;                                         // in flight
  std::function<void(std::string, OnAddresses)> look_up = LookUp;  // looks up a host that is a name
};

// Sends commands to one Redis over one connection, without waiting for the answers of earlier ones. Thread-safe; all
// callbacks run on its one thread and must not block.
//
// A command ends in at most `operation_timeout`, whatever Redis, the network or the name server do, because commands do
// not queue up behind a stuck Redis:
//   - While it connects, commands wait, within their timeout.
//   - After a failure to connect, and until the next attempt, they fail at once.
//   - A command that times out takes the connection with it, and all other commands on it: their answers could only
//   come
//     later still, and a late answer would be taken for that of another command.
// A lost connection is replaced at once, if it had held for `min_backoff`; otherwise after a delay that doubles from
// min_backoff to max_backoff, and varies by half of it so that replicas do not come back in step. The name is looked up
// anew each time, and the Sentinels are asked anew. A Redis that says READONLY or MASTERDOWN is left too, since there
// may be a new primary by now.
//
// It never sends a command twice: the caller knows whether it may be repeated.
class Client {
 public:
  // Runs once, on the client's thread:
  //   OK                  Redis' answer
  //   ServerError         an error reply (server_error.h)
  //   DEADLINE_EXCEEDED   no answer in time; Redis may have run the command, or may still do so
  //   UNAVAILABLE         no connection, or lost before the answer; the command may have been run
  //   RESOURCE_EXHAUSTED  more than `max_commands` in flight; the command was not run
  // No status contains a word of a command or the password.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Reply>) &&>;

  // Starts the thread, which begins to connect. `clock` and `logger` outlive the client. `random` is uniform in [0, 1)
  // and called on the client's thread only.
  static absl::StatusOr<std::unique_ptr<Client>> Create(const ClientOptions& options, const Clock* clock,
                                                        telemetry::Logger* logger, std::function<double()> random);

  // Ends the thread. Commands in flight end with UNAVAILABLE before it returns; tasks are dropped. Not on the client's
  // thread.
  ~Client();

  // Runs a command: {"SET", "key", "value"}. Any thread, callbacks included.
  void Run(std::vector<std::string> command, Done done);

  // Runs `task` on the client's thread after `delay`, unless the client ends before. Any thread.
  void After(absl::Duration delay, absl::AnyInvocable<void() &&> task);

  // Connections to come are made with these. Any thread.
  void Use(std::string username, Secret password, std::shared_ptr<const tls::ClientContext> tls);

  // Whether it is connected, so that commands are sent at once.
  bool connected() const;

  // How long commands took until they ended, by the type of their error: "" for an answer, "error_reply", "timeout",
  // "unavailable" (as Done above). All are there from the start. Any thread.
  std::vector<std::pair<std::string, telemetry::HistogramValue>> durations() const;

 private:
  class Loop;
  explicit Client(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
};

}  // namespace interaction::redis
