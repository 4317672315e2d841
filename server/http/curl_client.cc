#include "server/http/curl_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <csignal>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/http/tls_files.h"

namespace interaction::http {
namespace {

constexpr SteadyTime kSweepNs = 1'000'000'000;

absl::Status Check(CURLMcode code) {
  return code == CURLM_OK ? absl::OkStatus() : absl::InternalError(absl::StrCat("libcurl multi error ", code));
}

uint32_t ToEpoll(int what) {
  uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  return events;
}

// An error or a hang-up is read, or written into, like anything else: only that tells libcurl which it was.
int ToCurl(uint32_t events) {
  int result = 0;
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) result |= CURL_CSELECT_IN;
  if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) result |= CURL_CSELECT_OUT;
  return result;
}

}  // namespace

absl::Status GlobalInit() {
  // libcurl is told not to touch signals (CURLOPT_NOSIGNAL), so a write to a closed connection would end the process.
  std::signal(SIGPIPE, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return absl::InternalError("curl_global_init failed");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options, Resolver* resolver,
                                                       const Clock* clock) {
  auto client = std::make_unique<CurlClient>(options, resolver, clock);
  RETURN_IF_ERROR(client->Init());
  return client;
}

CurlClient::CurlClient(const ClientOptions& options, Resolver* resolver, const Clock* clock)
    : resolver_(resolver), clock_(clock), connections_(clock, options.on_stray_bytes) {
  connections_.max_open = static_cast<size_t>(std::max(options.max_connections, 0));
  connections_.max_idle = static_cast<size_t>(std::max(options.max_idle_connections, 0));
}

CurlClient::~CurlClient() {
  for (const auto& transfer : transfers_) {
    if (transfer->state == Transfer::State::kSending) Stop(transfer.get());
  }
}

absl::Status CurlClient::Init() {
  RETURN_IF_ERROR(connections_.events.Init());
  RETURN_IF_ERROR(inbox_->Init());
  RETURN_IF_ERROR(connections_.events.AddForGood(inbox_->event_fd()));
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr) return absl::ResourceExhaustedError("out of memory");
  CURLMcode result = CURLM_OK;
  const auto set = [&](CURLMoption option, auto value) {
    if (result == CURLM_OK) result = curl_multi_setopt(multi_.get(), option, value);
  };
  set(CURLMOPT_SOCKETFUNCTION, &CurlClient::OnSocket);
  set(CURLMOPT_SOCKETDATA, this);
  set(CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  // libcurl compares it with the connections of a group, busy ones included. Our own limits are in Connections.
  set(CURLMOPT_MAXCONNECTS, static_cast<long>(ConnectionGroup::kMaxConnections));
  return Check(result);
}

absl::StatusOr<Endpoint*> CurlClient::AddEndpoint(const EndpointOptions& options) {
  RETURN_IF_ERROR(CheckTlsFiles(options));
  auto endpoint = std::make_unique<Endpoint>(options, &connections_);
  std::unique_ptr<Transfer> first = endpoint->TakeTransfer();
  if (!first->status().ok()) return absl::InvalidArgumentError("libcurl refuses the options of the endpoint");
  endpoint->GiveBack(std::move(first));
  endpoints_.push_back(std::move(endpoint));
  return endpoints_.back().get();
}

Transfer* CurlClient::Send(Endpoint* endpoint, Request request, const TransferLimits& limits,
                           TransferObserver* observer) {
  const SteadyTime now = clock_->SteadyNow();
  std::unique_ptr<Transfer> owned = endpoint->TakeTransfer();
  Transfer* const transfer = owned.get();
  transfer->endpoint = endpoint;
  transfer->index = transfers_.size();
  transfers_.push_back(std::move(owned));
  absl::Status status = transfer->Begin(std::move(request), limits, now, observer);
  if (status.ok()) status = Route(transfer, now);
  if (!status.ok()) End(transfer, std::move(status));
  return transfer;
}

// Finds out where the transfer goes, and starts it as soon as an address is known.
absl::Status CurlClient::Route(Transfer* transfer, SteadyTime now) {
  ASSIGN_OR_RETURN(Origin* const origin, transfer->endpoint->OriginOf(transfer->url()));
  if (origin->WantsAddresses(now)) Ask(transfer->endpoint, origin, now);
  if (origin->asking) {
    transfer->state = Transfer::State::kResolving;
    transfer->origin = origin;
    origin->waiting.push_back(transfer);
    resolving_.emplace(transfer->deadline(), transfer);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(origin->status());
  transfer->origin = origin;
  Start(transfer, now);
  return absl::OkStatus();
}

void CurlClient::Start(Transfer* transfer, SteadyTime now) {
  Origin* const origin = transfer->origin;
  ConnectionGroup* const group = origin->PickGroup(now);
  // libcurl needs no help with a host that is an address, and takes no CURLOPT_RESOLVE for one of IPv6.
  const bool needs_addresses = !origin->via_proxy() && !IsIpAddress(origin->host());
  const bool load = needs_addresses && group->loaded_generation != origin->addresses().generation;
  absl::Status status = transfer->Prepare(origin, group, load, now);
  if (status.ok() && curl_multi_add_handle(multi_.get(), transfer->easy()) != CURLM_OK) {
    status = Error(Reason::kLocalResource).In(Phase::kConnect);
  }
  if (!status.ok()) {
    transfer->LeaveGroup(now);
    return End(transfer, std::move(status));
  }
  transfer->state = Transfer::State::kSending;
  ++group->in_flight;
  ++connections_.in_flight;
  work_waiting_ = true;
  if (load) {  // at once, so that libcurl surely has them when the next transfer relies on it
    Act(CURL_SOCKET_TIMEOUT, 0);
    transfer->AddressesLoaded();
    group->loaded_generation = origin->addresses().generation;
  }
}

// Takes the transfer back from libcurl.
void CurlClient::Stop(Transfer* transfer) {
  curl_multi_remove_handle(multi_.get(), transfer->easy());
  --transfer->group->in_flight;
  --connections_.in_flight;
  transfer->LeaveGroup(clock_->SteadyNow());
}

void CurlClient::End(Transfer* transfer, absl::StatusOr<Response> result) {
  transfer->state = Transfer::State::kEnded;
  transfer->result = std::move(result);
  ended_.push_back(transfer);
}

// Makes the transfer ready for its next life. The caller must not use it any more.
void CurlClient::Release(Transfer* transfer) {
  std::swap(transfers_[transfer->index], transfers_.back());
  transfers_[transfer->index]->index = transfer->index;
  std::unique_ptr<Transfer> owned = std::move(transfers_.back());
  transfers_.pop_back();
  Endpoint* const endpoint = owned->endpoint;
  endpoint->GiveBack(std::move(owned));
}

bool CurlClient::Cancel(Transfer* transfer) {
  const bool sent = transfer->may_have_been_sent();
  switch (transfer->state) {
    case Transfer::State::kResolving: {
      auto& waiting = transfer->origin->waiting;
      waiting.erase(std::find(waiting.begin(), waiting.end(), transfer));
      resolving_.erase({transfer->deadline(), transfer});
      break;
    }
    case Transfer::State::kSending:
      Stop(transfer);
      break;
    case Transfer::State::kEnded:
      *std::find(ended_.begin(), ended_.end(), transfer) = nullptr;
      break;
    case Transfer::State::kIdle:
      return false;
  }
  Release(transfer);
  return sent;
}

void CurlClient::Ask(Endpoint* endpoint, Origin* origin, SteadyTime now) {
  if (IsIpAddress(origin->host())) {
    origin->Take(Addresses{{origin->host()}, 1}, endpoint->options().address_policy, now);
    return;
  }
  origin->asking = true;
  ++questions_;
  resolver_->Resolve(origin->host(), [inbox = inbox_, endpoint, origin](absl::StatusOr<Addresses> answer) {
    inbox->Put({endpoint, origin, std::move(answer)});
  });
  TakeAnswers(now);  // usually it knows
}

bool CurlClient::TakeAnswers(SteadyTime now) {
  std::vector<AddressInbox::Letter> letters = inbox_->Take();
  for (AddressInbox::Letter& letter : letters) {
    --questions_;
    Origin* const origin = letter.origin;
    origin->Take(std::move(letter.answer), letter.endpoint->options().address_policy, now);
    for (Transfer* transfer : std::exchange(origin->waiting, {})) {
      resolving_.erase({transfer->deadline(), transfer});
      if (origin->status().ok()) {
        Start(transfer, now);
      } else {
        End(transfer, origin->status());
      }
    }
  }
  return !letters.empty();
}

bool CurlClient::EndOverdueLookups(SteadyTime now) {
  bool any = false;
  while (!resolving_.empty() && resolving_.begin()->first <= now) {
    Transfer* const transfer = resolving_.begin()->second;
    resolving_.erase(resolving_.begin());
    auto& waiting = transfer->origin->waiting;
    waiting.erase(std::find(waiting.begin(), waiting.end(), transfer));
    End(transfer,
        Classify({.curl_code = CURLE_OPERATION_TIMEDOUT, .timed_out_in_all = true, .stage = Stage::kResolving}));
    any = true;
  }
  return any;
}

bool CurlClient::Turn() {
  if (transfers_.empty() && connections_.events.open() == 0 && questions_ == 0) return false;
  const SteadyTime now = clock_->SteadyNow();
  if (now >= next_sweep_) Sweep(now);
  bool acted = RunTimers(now);
  acted |= ReadEvents(now);
  acted |= Report();
  if (work_waiting_) acted |= RunTimers(now);  // what observers have sent
  if (acted) LookForTimer(now);
  return acted;
}

bool CurlClient::RunTimers(SteadyTime now) {
  const bool overdue = EndOverdueLookups(now);
  if (!work_waiting_ && (!next_timer_ || *next_timer_ > now)) return overdue;
  Act(CURL_SOCKET_TIMEOUT, 0);
  work_waiting_ = false;
  return true;
}

bool CurlClient::ReadEvents(SteadyTime now) {
  const absl::Span<const epoll_event> events = connections_.events.Poll();
  for (const epoll_event& event : events) {
    if (event.data.fd == inbox_->event_fd()) {
      TakeAnswers(now);
    } else {
      Act(event.data.fd, ToCurl(event.events));
    }
  }
  return !events.empty();
}

// Collects what libcurl has finished.
void CurlClient::Reap() {
  int left;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* self;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    Transfer* const transfer = reinterpret_cast<Transfer*>(self);
    Stop(transfer);
    if (transfer->WantsAnotherConnection()) {
      Start(transfer, clock_->SteadyNow());
    } else {
      End(transfer, transfer->Conclude(code));
    }
  }
}

// Tells the observers. Those transfers only that have ended by now: one that ends while they are told, because its
// observer sends again and fails at once, say, is for the next turn, or the lane would do nothing else.
bool CurlClient::Report() {
  const size_t count = ended_.size();
  for (size_t i = 0; i < count; ++i) {
    Transfer* const transfer = ended_.front();
    ended_.pop_front();
    if (transfer == nullptr) continue;
    TransferObserver* const observer = transfer->observer();
    absl::StatusOr<Response> result = std::move(transfer->result);
    Release(transfer);
    observer->OnTransferDone(std::move(result));
  }
  return count > 0;
}

std::optional<SteadyTime> CurlClient::NextTimer() const {
  if (work_waiting_ || !ended_.empty()) return SteadyTime{0};
  SteadyTime next = next_timer_.value_or(kNever);
  if (!resolving_.empty()) next = std::min(next, resolving_.begin()->first);
  if (connections_.events.open() > 0) next = std::min(next, next_sweep_);
  return next == kNever ? std::nullopt : std::optional(next);
}

void CurlClient::Sweep(SteadyTime now) {
  for (const auto& endpoint : endpoints_) endpoint->CloseUnused(now);
  next_sweep_ = now + kSweepNs;
}

void CurlClient::Act(int fd, int curl_events) {
  int running;
  if (curl_multi_socket_action(multi_.get(), fd, curl_events, &running) != CURLM_OK) FailAll();
  Reap();  // at once: how many are in flight decides over the next connection that becomes idle
}

// Asked for, not waited for: libcurl calls CURLMOPT_TIMERFUNCTION only when its idea of the next expiry has changed.
void CurlClient::LookForTimer(SteadyTime now) {
  long milliseconds = -1;
  curl_multi_timeout(multi_.get(), &milliseconds);
  next_timer_.reset();
  if (milliseconds >= 0) next_timer_ = now + milliseconds * 1'000'000;
}

// After an error of curl_multi_socket_action() the state of every transfer is undefined, says its page.
void CurlClient::FailAll() {
  for (const auto& transfer : transfers_) {
    if (transfer->state != Transfer::State::kSending) continue;
    Stop(transfer.get());
    End(transfer.get(), transfer->Conclude(CURLE_FAILED_INIT));
  }
}

int CurlClient::OnSocket(void*, int fd, int what, void* self, void*) {
  static_cast<CurlClient*>(self)->connections_.events.Want(fd, what == CURL_POLL_REMOVE ? 0 : ToEpoll(what));
  return 0;
}

}  // namespace interaction::http
