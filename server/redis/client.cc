#include "server/redis/client.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/redis/connection.h"
#include "server/redis/greeting.h"
#include "server/redis/inbox.h"
#include "server/redis/lookup.h"
#include "server/redis/refusal_log.h"
#include "server/redis/sentinel.h"
#include "server/redis/server_error.h"
#include "server/tls/session_cache.h"

namespace interaction::redis {

using telemetry::LogLevel;

namespace {

// The server is a replica, with or without its primary: the name may lead to another Redis by now.
bool IsNoPrimary(const absl::Status& status) { return HasWord(status, "READONLY") || HasWord(status, "MASTERDOWN"); }

// How a command ended, and what that is called.
enum class Ending { kAnswer, kErrorReply, kTimeout, kUnavailable };
constexpr std::array<const char*, 4> kEndings = {"", "error_reply", "timeout", "unavailable"};

Ending EndingOf(const absl::Status& status) {
  if (status.ok()) return Ending::kAnswer;
  if (!WordOf(status).empty()) return Ending::kErrorReply;
  return absl::IsDeadlineExceeded(status) ? Ending::kTimeout : Ending::kUnavailable;
}

}  // namespace

// The client's thread and all that it owns. Other threads may only use Put..., connected() and the constructor.
class Client::Loop {
 public:
  Loop(const ClientOptions& options, const Clock* clock, telemetry::Logger* logger, std::function<double()> random,
       std::shared_ptr<Inbox> inbox)
      : options_(options),
        clock_(clock),
        logger_(logger),
        random_(std::move(random)),
        inbox_(std::move(inbox)),
        greeting_(options_, logger),
        question_(options_.sentinel),
        order_(options_.sentinel.sentinels.size()),
        refusal_log_(clock, logger) {}

  void Start() { thread_ = std::thread(&Loop::Run, this); }
  void Stop() {
    inbox_->PutStop();
    thread_.join();
  }

  void Put(std::vector<std::string> words, Done done) {
    inbox_->Put(Command{std::move(words), Later(options_.operation_timeout), std::move(done)});
  }
  void Put(absl::Duration delay, absl::AnyInvocable<void() &&> task) {
    inbox_->Put(Task{Later(delay), std::move(task)});
  }
  bool connected() const { return connected_.load(std::memory_order_relaxed); }
  const std::array<telemetry::Histogram, kEndings.size()>& durations() const { return durations_; }

  // On the thread.
  void Use(std::string username, Secret password, std::shared_ptr<const tls::ClientContext> tls) {
    options_.username = std::move(username);
    options_.password = std::move(password);
    options_.tls = std::move(tls);
  }

 private:
  enum class Phase {
    kResting,     // until phase_end_; commands fail at once
    kLookingUp,   // until phase_end_; commands wait
    kConnecting,  // likewise
    kReady,       // commands are sent
  };

  SteadyTime Later(absl::Duration duration) const { return clock_->SteadyNow() + absl::ToInt64Nanoseconds(duration); }

  void Run();
  void RunUntilStopped();
  void Poll();
  int PollTimeout() const;
  void Accept(Command command);
  void CheckCommands();
  void CheckPhase();
  void RunTasks();

  void Connect();
  void LookUpNext(HostPort next, bool is_sentinel);
  void TryNextSentinel(const absl::Status& reason);
  void Open(absl::StatusOr<std::vector<std::string>> addresses);
  void OpenNext(absl::Status reason);
  void Turn(short revents);
  absl::Status OnReply(absl::StatusOr<Reply> reply);
  void BecomeReady();
  void Lose(const absl::Status& reason);
  void Rest(const absl::Status& reason);
  void FailAll(const absl::Status& status);
  void End(Command command, absl::StatusOr<Reply> reply);

  ClientOptions options_;
  const Clock* const clock_;
  telemetry::Logger* const logger_;
  const std::function<double()> random_;
  const std::shared_ptr<Inbox> inbox_;
  Greeting greeting_;
  SentinelQuestion question_;
  SentinelOrder order_;
  RefusalLog refusal_log_;

  Phase phase_ = Phase::kResting;
  SteadyTime phase_end_ = 0;
  SteadyTime ready_since_ = 0;
  int failures_ = 0;                   // in a row
  HostPort next_;                      // where this attempt goes
  bool to_sentinel_ = false;           // which is a Sentinel
  std::deque<std::string> addresses_;  // of it, yet to be tried
  std::set<std::string> looking_up_;   // names, even if their addresses are not needed any more
  tls::SessionCache sessions_;
  bool told_ = false;         // the lost connection was logged
  std::string told_refusal_;  // the refusal that was logged last
  std::string why_;           // why there is no connection
  std::unique_ptr<Connection> connection_;
  // In the order of arrival, which is that of their deadlines. In kReady all have been sent, otherwise none.
  std::deque<Command> commands_;
  std::multimap<SteadyTime, Task> tasks_;
  std::atomic<bool> connected_{false};
  std::array<telemetry::Histogram, kEndings.size()> durations_;  // of commands, by their ending
  std::thread thread_;
};

void Client::Loop::Run() {
  // Blocks signals in this thread, above all SIGPIPE, since hiredis writes without MSG_NOSIGNAL.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  RunUntilStopped();
  connected_ = false;
  connection_.reset();
  // Callbacks may run further commands, which end the same way.
  do {
    FailAll(absl::UnavailableError("the Redis client is shutting down"));
    for (Command& command : inbox_->Take().commands) commands_.push_back(std::move(command));
  } while (!commands_.empty());
}

void Client::Loop::RunUntilStopped() {
  while (true) {
    Inbox::Letters letters = inbox_->Take();
    for (Task& task : letters.tasks) tasks_.emplace(task.due, std::move(task));
    for (Command& command : letters.commands) Accept(std::move(command));
    if (letters.stop) return;
    for (auto& [host, addresses] : letters.addresses) {
      looking_up_.erase(host);
      if (phase_ == Phase::kLookingUp && host == next_.host) Open(std::move(addresses));
    }
    if (connection_) Turn(0);
    Poll();
    // Checked after reading the socket: if this thread was delayed, answers may be waiting there.
    CheckCommands();
    CheckPhase();
    RunTasks();
  }
}

void Client::Loop::Poll() {
  pollfd fds[] = {{.fd = inbox_->fd(), .events = POLLIN, .revents = 0},
                  {.fd = connection_ ? connection_->fd() : -1,
                   .events = static_cast<short>(connection_ ? connection_->events() : 0),
                   .revents = 0}};
  if (poll(fds, 2, PollTimeout()) > 0 && fds[1].revents != 0) Turn(fds[1].revents);
}

// In milliseconds, rounded up.
int Client::Loop::PollTimeout() const {
  std::optional<SteadyTime> next;
  const auto consider = [&](SteadyTime time) { next = std::min(next.value_or(time), time); };
  if (phase_ != Phase::kReady) consider(phase_end_);
  if (!commands_.empty()) consider(commands_.front().deadline);
  if (!tasks_.empty()) consider(tasks_.begin()->first);
  if (!next) return -1;
  const SteadyTime left = std::max<SteadyTime>(*next - clock_->SteadyNow(), 0);
  return static_cast<int>(std::min<SteadyTime>((left + 999'999) / 1'000'000, 60'000));
}

void Client::Loop::Accept(Command command) {
  if (phase_ == Phase::kResting && clock_->SteadyNow() < phase_end_) {
    End(std::move(command), absl::UnavailableError(absl::StrCat("no connection to Redis: ", why_)));
  } else if (static_cast<int>(commands_.size()) >= options_.max_commands) {
    End(std::move(command), absl::ResourceExhaustedError("too many commands wait for an answer from Redis"));
  } else {
    if (phase_ == Phase::kReady) {
      connection_->Append(std::vector<absl::string_view>(command.words.begin(), command.words.end()));
    }
    commands_.push_back(std::move(command));
  }
}

void Client::Loop::CheckCommands() {
  const SteadyTime now = clock_->SteadyNow();
  while (!commands_.empty() && commands_.front().deadline <= now) {
    Command command = std::move(commands_.front());
    commands_.pop_front();
    const absl::Status status = absl::DeadlineExceededError("Redis did not answer in time");
    if (phase_ == Phase::kReady) Lose(status);
    End(std::move(command), status);
  }
}

void Client::Loop::CheckPhase() {
  if (phase_ == Phase::kReady || clock_->SteadyNow() < phase_end_) return;
  if (phase_ == Phase::kResting) {
    Connect();
  } else {
    TryNextSentinel(absl::DeadlineExceededError("connecting took too long"));
  }
}

void Client::Loop::RunTasks() {
  const SteadyTime now = clock_->SteadyNow();
  while (!tasks_.empty() && tasks_.begin()->first <= now) {
    Task task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    std::move(task.run)();
  }
}

void Client::Loop::Connect() {
  if (options_.sentinel.sentinels.empty()) return LookUpNext({options_.host, options_.port}, /*is_sentinel=*/false);
  LookUpNext(options_.sentinel.sentinels[order_.Begin()], /*is_sentinel=*/true);
}

void Client::Loop::LookUpNext(HostPort next, bool is_sentinel) {
  next_ = std::move(next);
  to_sentinel_ = is_sentinel;
  connection_.reset();
  phase_ = Phase::kLookingUp;
  phase_end_ = Later(options_.connect_timeout);
  if (!options_.socket_path.empty() || IsAddress(next_.host)) return Open({{next_.host}});
  if (!looking_up_.insert(next_.host).second) return;  // an earlier lookup still runs: its answer will do
  options_.look_up(next_.host, [inbox = inbox_, host = next_.host](absl::StatusOr<std::vector<std::string>> addresses) {
    inbox->PutAddresses(host, std::move(addresses));
  });
}

// A host did not do what it was asked. If it is a Sentinel, another one may.
void Client::Loop::TryNextSentinel(const absl::Status& reason) {
  const std::optional<size_t> next = to_sentinel_ ? order_.Next() : std::nullopt;
  if (!next) return Rest(reason);
  LookUpNext(options_.sentinel.sentinels[*next], /*is_sentinel=*/true);
}

void Client::Loop::Open(absl::StatusOr<std::vector<std::string>> addresses) {
  if (!addresses.ok()) return TryNextSentinel(addresses.status());
  // Starts with a different address each time: one that never answers leaves no time for the others.
  const auto first = addresses->begin() + static_cast<ptrdiff_t>(static_cast<size_t>(failures_) % addresses->size());
  std::rotate(addresses->begin(), first, addresses->end());
  addresses_.assign(addresses->begin(), addresses->end());
  OpenNext(absl::UnavailableError("there is no address left to try"));
}

// Goes on to the next address. If there is none, rests and gives that reason.
void Client::Loop::OpenNext(absl::Status reason) {
  while (!addresses_.empty()) {
    const std::string address = std::move(addresses_.front());
    addresses_.pop_front();
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        options_.socket_path.empty()
            ? Connection::OpenTcp(address, next_.port,
                                  {.context = options_.tls, .host = next_.host, .sessions = &sessions_})
            : Connection::OpenUnix(options_.socket_path);
    if (connection.ok()) {
      connection_ = *std::move(connection);
      if (to_sentinel_) {
        question_.Append(*connection_);
      } else {
        greeting_.Append(*connection_);
      }
      phase_ = Phase::kConnecting;
      return;
    }
    reason = connection.status();
  }
  TryNextSentinel(reason);
}

void Client::Loop::Turn(short revents) {
  const absl::Status status =
      connection_->Turn(revents, [this](absl::StatusOr<Reply> reply) { return OnReply(std::move(reply)); });
  if (status.ok()) {
    // Not from within the connection that says so.
    if (to_sentinel_ && phase_ == Phase::kConnecting && question_.primary()) {
      LookUpNext(*question_.primary(), /*is_sentinel=*/false);
    }
    return;
  }
  if (phase_ == Phase::kReady) {
    Lose(status);
  } else {
    OpenNext(status);
  }
}

absl::Status Client::Loop::OnReply(absl::StatusOr<Reply> reply) {
  if (to_sentinel_ && phase_ == Phase::kConnecting) return question_.OnReply(reply);
  if (phase_ != Phase::kReady) {
    absl::Status status = greeting_.OnReply(reply);
    if (status.ok() && greeting_.complete()) BecomeReady();
    return status;
  }
  if (commands_.empty()) return absl::InternalError("Redis sent a reply without a command");
  Command command = std::move(commands_.front());
  commands_.pop_front();
  refusal_log_.Add(command.words.front(), reply.status());
  absl::Status status = IsNoPrimary(reply.status()) ? reply.status() : absl::OkStatus();
  End(std::move(command), std::move(reply));
  return status;
}

void Client::Loop::BecomeReady() {
  phase_ = Phase::kReady;
  ready_since_ = clock_->SteadyNow();
  connected_ = true;
  told_ = false;
  told_refusal_.clear();
  logger_->Log(LogLevel::kInfo, "connected to redis");
  for (const Command& command : commands_) {
    connection_->Append(std::vector<absl::string_view>(command.words.begin(), command.words.end()));
  }
}

// Drops the connection. Its commands end with UNAVAILABLE.
void Client::Loop::Lose(const absl::Status& reason) {
  connected_ = false;
  const bool held = clock_->SteadyNow() - ready_since_ >= absl::ToInt64Nanoseconds(options_.min_backoff);
  if (!held || IsNoPrimary(reason)) return Rest(reason);
  logger_->Log(LogLevel::kWarning, "lost the connection to redis", {{"error", reason.message()}});
  told_ = true;
  failures_ = 0;
  connection_.reset();
  FailAll(absl::UnavailableError(absl::StrCat("the connection to Redis was lost: ", reason.message())));
  Connect();
}

// Gives up connecting for now.
void Client::Loop::Rest(const absl::Status& reason) {
  why_ = std::string(reason.message());
  // Warns once for each outage, since further attempts say nothing new. But a refusal by Redis, such as WRONGPASS, is
  // for the operator to mend, and may follow a time when Redis was unreachable.
  const bool is_news = IsRefusal(reason) && why_ != told_refusal_;
  if (is_news) told_refusal_ = why_;
  logger_->Log(told_ && !is_news ? LogLevel::kDebug : LogLevel::kWarning, "no connection to redis", {{"error", why_}});
  told_ = true;
  connection_.reset();
  addresses_.clear();
  const double full = absl::ToDoubleSeconds(options_.min_backoff) * std::exp2(std::min(failures_, 30));
  const double seconds = std::min(full, absl::ToDoubleSeconds(options_.max_backoff)) * (0.5 + 0.5 * random_());
  ++failures_;
  phase_ = Phase::kResting;
  phase_end_ = Later(absl::Seconds(seconds));
  FailAll(absl::UnavailableError(absl::StrCat("no connection to Redis: ", why_)));
}

void Client::Loop::FailAll(const absl::Status& status) {
  for (Command& command : std::exchange(commands_, {})) End(std::move(command), status);
}

void Client::Loop::End(Command command, absl::StatusOr<Reply> reply) {
  const SteadyTime began = command.deadline - absl::ToInt64Nanoseconds(options_.operation_timeout);
  durations_[static_cast<size_t>(EndingOf(reply.status()))].Observe(clock_->SteadyNow() - began);
  std::move(command.done)(std::move(reply));
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options, const Clock* clock,
                                                       telemetry::Logger* logger, std::function<double()> random) {
  absl::StatusOr<std::shared_ptr<Inbox>> inbox = Inbox::Create();
  if (!inbox.ok()) return inbox.status();
  auto loop = std::make_unique<Loop>(options, clock, logger, std::move(random), *std::move(inbox));
  loop->Start();
  return std::unique_ptr<Client>(new Client(std::move(loop)));
}

Client::Client(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Client::~Client() { loop_->Stop(); }

void Client::Run(std::vector<std::string> command, Done done) { loop_->Put(std::move(command), std::move(done)); }

void Client::After(absl::Duration delay, absl::AnyInvocable<void() &&> task) { loop_->Put(delay, std::move(task)); }

void Client::Use(std::string username, Secret password, std::shared_ptr<const tls::ClientContext> tls) {
  After(absl::ZeroDuration(),
        [loop = loop_.get(), username = std::move(username), password = std::move(password),
         tls = std::move(tls)]() mutable { loop->Use(std::move(username), std::move(password), std::move(tls)); });
}

bool Client::connected() const { return loop_->connected(); }

std::vector<std::pair<std::string, telemetry::HistogramValue>> Client::durations() const {
  std::vector<std::pair<std::string, telemetry::HistogramValue>> durations;
  for (size_t i = 0; i < kEndings.size(); ++i) durations.emplace_back(kEndings[i], loop_->durations()[i].Read());
  return durations;
}

}  // namespace interaction::redis
