#include "server/front/front.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/event/timers.h"
#include "server/front/connection.h"
#include "server/front/peer.h"
#include "server/rpc/call_metadata.h"

namespace interaction::front {
namespace {

using Verdict = telemetry::LineLimit::Verdict;

constexpr SteadyTime kTick = 1'000'000'000;

// In each turn of a lane, for all connections together that have not shown that they behave as clients do.
constexpr absl::Duration kUnusualReads = absl::Microseconds(50);

// How often Close() looks whether the last handler has ended.
constexpr absl::Duration kLookAgain = absl::Milliseconds(1);

}  // namespace

// The connections of one lane. On the lane, but for count() and calls_open().
class Front::LaneConnections final : private event::Timers::Timer {
 public:
  LaneConnections(const Options* options, lane::Lane* lane, rpc::LaneCalls* calls, const rpc::Methods* methods,
                  std::function<double()> random, HandshakeThreads* handshake_threads, telemetry::Counters* counters,
                  telemetry::Logger* log)
      : unusual_reads_(&lane->loop(), kUnusualReads),
        context_{.options = options,
                 .tls = options->tls,
                 .lane = lane,
                 .calls = calls,
                 .methods = methods,
                 .log = log,
                 .handshake_threads = handshake_threads,
                 .handshake_failures = &handshake_failures_,
                 .unusual_reads = &unusual_reads_,
                 .counters = counters,
                 .on_closed = [this](Connection* connection) { Remove(connection); },
                 .calls_open = &calls_open_},
        random_(std::move(random)) {}

  lane::Lane* lane() const { return context_.lane; }
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  size_t calls_open() const { return calls_open_.load(std::memory_order_acquire); }

  // At the end: clients that have not confirmed yet that their connection ends. Any thread.
  size_t unaware() const { return std::min(count(), unaware_.load(std::memory_order_relaxed)); }

  // A connection is on its way to the lane. Any thread.
  void Reserve() { count_.fetch_add(1, std::memory_order_relaxed); }

  void Start() { AddTimer(); }

  void Add(int fd, std::string peer, limits::UseCount::Use place) {
    const double jitter = 1 + context_.options->age_jitter * (2 * random_() - 1);
    const auto max_age = static_cast<int64_t>(absl::ToDoubleSeconds(context_.options->max_age) * jitter);
    auto connection = std::make_unique<Connection>(fd, std::move(peer), std::move(place), max_age, &context_);
    if (!connection->Open()) return Forget();
    if (is_ending_) connection->BeginGoaway();
    Connection* const key = connection.get();
    connections_.emplace(key, std::move(connection));
  }

  void UseTls(std::shared_ptr<const tls::ServerContext> tls, bool reconnect) {
    context_.tls = std::move(tls);
    if (!reconnect) return;
    for (const auto& [key, connection] : connections_) connection->BeginGoaway();
  }

  void BeginGoaway() {
    is_ending_ = true;
    for (const auto& [key, connection] : connections_) connection->BeginGoaway();
  }

  // Closes all, and ticks no more.
  void CloseAll() {
    lane()->timers().Remove(next_tick_, this);
    auto connections = std::exchange(connections_, {});
    for (const auto& [key, connection] : connections) {
      connection->Close();
      Forget();
    }
  }

 private:
  void AddTimer() {
    next_tick_ = lane()->clock().SteadyNow() + kTick;
    lane()->timers().Add(next_tick_, this);
  }

  void OnDue() override {
    AddTimer();
    std::vector<Connection*> connections;
    connections.reserve(connections_.size());
    for (const auto& [key, connection] : connections_) connections.push_back(key);
    // A connection may close itself, but no other.
    for (Connection* const connection : connections) connection->Tick();
    if (is_ending_) CountUnaware();
  }

  void CountUnaware() {
    const auto unaware = std::count_if(connections_.begin(), connections_.end(),
                                       [](const auto& entry) { return !entry.second->client_knows_of_end(); });
    unaware_.store(static_cast<size_t>(unaware), std::memory_order_relaxed);
  }

  void Remove(Connection* connection) {
    connections_.erase(connection);
    Forget();
  }

  void Forget() { count_.fetch_sub(1, std::memory_order_relaxed); }

  telemetry::LineLimit handshake_failures_{1};  // lines a second
  TimeShare unusual_reads_;
  Connection::Context context_;
  const std::function<double()> random_;
  absl::flat_hash_map<Connection*, std::unique_ptr<Connection>> connections_;
  SteadyTime next_tick_ = 0;
  bool is_ending_ = false;
  std::atomic<size_t> count_{0};
  std::atomic<size_t> unaware_{std::numeric_limits<size_t>::max()};  // as of the last tick; before it, all
  std::atomic<size_t> calls_open_{0};
};

Front::Front(const Options& options, std::unique_ptr<listen::Listener> listener, const std::vector<lane::Lane*>& lanes,
             const std::vector<rpc::LaneCalls*>& calls, const rpc::Methods* methods, std::function<double()> random,
             telemetry::Counters* counters, telemetry::Logger* log)
    : options_(options), listener_(std::move(listener)), log_(log), handshake_threads_(lanes.size()) {
  for (size_t i = 0; i < lanes.size(); ++i) {
    lanes_.push_back(std::make_unique<LaneConnections>(&options_, lanes[i], calls[i], methods, random,
                                                       &handshake_threads_, counters, log));
  }
}

Front::~Front() = default;

absl::Status Front::Start() {
  for (const auto& lane : lanes_) lane->lane()->Execute([lane = lane.get()] { lane->Start(); });
  return listener_->Start([this](int, int fd) { TakeConnection(fd); });
}

void Front::UseTls(std::shared_ptr<const tls::ServerContext> tls, bool reconnect) {
  for (const auto& lane : lanes_) {
    lane->lane()->Execute([lane = lane.get(), tls, reconnect] { lane->UseTls(tls, reconnect); });
  }
}

size_t Front::connections() const {
  size_t count = 0;
  for (const auto& lane : lanes_) count += lane->count();
  return count;
}

// On the listener's thread.
void Front::TakeConnection(int fd) {
  std::string peer = PeerOf(fd);
  if (options_.max_connections > 0 && connections() >= static_cast<size_t>(options_.max_connections)) {
    return Refuse(fd, "server.max_connections", peer);
  }
  limits::UseCount::Use place;
  if (options_.max_connections_per_peer > 0 && peer != "unix:") {
    std::optional<limits::UseCount::Use> free =
        peers_.BeginBelow(rpc::PeerHost(peer), options_.max_connections_per_peer);
    if (!free) return Refuse(fd, "server.max_connections_per_peer", peer);
    place = *std::move(free);
  }
  const auto fewest = std::min_element(lanes_.begin(), lanes_.end(),
                                       [](const auto& a, const auto& b) { return a->count() < b->count(); });
  LaneConnections* const lane = fewest->get();
  lane->Reserve();
  lane->lane()->Execute([lane, fd, peer = std::move(peer), place = std::move(place)]() mutable {
    lane->Add(fd, std::move(peer), std::move(place));
  });
}

void Front::Refuse(int fd, absl::string_view limit, const std::string& peer) {
  close(fd);
  if (log_ == nullptr || refusals_.Judge(lanes_.front()->lane()->clock().SteadyNow()) != Verdict::kWrite) return;
  log_->Log(telemetry::LogLevel::kWarning, "connection refused", {{"limit", limit}, {"peer", peer}});
}

void Front::StopAccepting() {
  listener_->Close();
  for (const auto& lane : lanes_) lane->lane()->Execute([lane = lane.get()] { lane->BeginGoaway(); });
}

bool Front::clients_know() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->unaware() == 0; });
}

void Front::Close() {
  handshake_threads_.Stop();  // they hand work to the lanes
  for (const auto& lane : lanes_) lane->lane()->Execute([lane = lane.get()] { lane->CloseAll(); });
  for (const auto& lane : lanes_) {
    absl::Notification closed;
    lane->lane()->Execute([&] { closed.Notify(); });
    closed.WaitForNotification();
    while (lane->calls_open() > 0) absl::SleepFor(kLookAgain);
  }
}

}  // namespace interaction::front
