#include "server/http/http1_client.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/http/take_out.h"
#include "server/tls/client_context.h"

namespace interaction::http {
namespace {

constexpr SteadyTime kSweepNs = 1'000'000'000;

}  // namespace

absl::Status GlobalInit() {
  // A write to a closed connection would end the process: OpenSSL's, for example.
  std::signal(SIGPIPE, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return absl::InternalError("curl_global_init failed");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options, Resolver* resolver,
                                                       event::Loop* loop) {
  auto client = std::make_unique<Http1Client>(options, resolver, loop);
  RETURN_IF_ERROR(client->Init(options));
  return client;
}

Http1Client::Http1Client(const ClientOptions& options, Resolver* resolver, event::Loop* loop)
    : resolver_(resolver), loop_(*loop) {
  parts_.loop = loop;
  parts_.batches = std::make_unique<Batches>(loop);
  parts_.on_stray_bytes = options.on_stray_bytes;
  parts_.max_idle = static_cast<size_t>(std::max(options.max_idle_connections, 0));
}

Http1Client::~Http1Client() {
  if (inbox_->event_fd() >= 0) loop_.poll().Remove(inbox_->event_fd(), this);
  if (sweep_) loop_.timers().Remove(*sweep_, this);
  if (reports_soon_) loop_.RemoveFromEndOfTurn(this);
}

absl::Status Http1Client::Init(const ClientOptions& options) {
  RETURN_IF_ERROR(inbox_->Init());
  RETURN_IF_ERROR(loop_.poll().Add(inbox_->event_fd(), EPOLLIN, this));
  ASSIGN_OR_RETURN(parts_.connector,
                   Connector::Create(&loop_, static_cast<size_t>(std::max(options.max_connections, 0))));
  return absl::OkStatus();
}

absl::StatusOr<Endpoint*> Http1Client::AddEndpoint(const EndpointOptions& options) {
  EndpointOptions complete = options;
  if (complete.tls == nullptr) {
    ASSIGN_OR_RETURN(complete.tls, tls::ClientContext::Create({}, loop_.clock().WallNow()));
  }
  endpoints_.push_back(std::make_unique<Endpoint>(complete, &parts_));
  return endpoints_.back().get();
}

Transfer* Http1Client::Send(Endpoint* endpoint, Request request, const TransferLimits& limits,
                            TransferObserver* observer) {
  const SteadyTime now = loop_.clock().SteadyNow();
  std::unique_ptr<Transfer> owned = endpoint->TakeTransfer();
  Transfer* const transfer = owned.get();
  transfer->index = transfers_.size();
  transfers_.push_back(std::move(owned));
  in_send_ = true;
  absl::Status status = transfer->Begin(std::move(request), limits, now, observer, this);
  if (status.ok()) status = Route(transfer, now);
  if (!status.ok()) transfer->Fail(std::move(status));
  in_send_ = false;
  return transfer;
}

// Finds out where the transfer goes, and starts it as soon as an address is known.
absl::Status Http1Client::Route(Transfer* transfer, SteadyTime now) {
  ASSIGN_OR_RETURN(Origin* const origin, transfer->endpoint()->OriginOf(transfer->url()));
  if (origin->WantsAddresses(now)) Ask(origin, now);
  if (origin->asking) {
    transfer->WaitForAddresses(origin);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(origin->status());
  transfer->Exchange(origin, now);
  return absl::OkStatus();
}

void Http1Client::Ask(Origin* origin, SteadyTime now) {
  if (IsIpAddress(origin->host())) return origin->Take(Addresses{{origin->host()}, 1}, now);
  origin->asking = true;
  resolver_->Resolve(origin->host(), [inbox = inbox_, origin](absl::StatusOr<Addresses> answer) {
    inbox->Put({origin, std::move(answer)});
  });
  TakeAnswers(now);  // usually it knows
}

void Http1Client::TakeAnswers(SteadyTime now) {
  for (AddressInbox::Letter& letter : inbox_->Take()) {
    Origin* const origin = letter.origin;
    origin->Take(std::move(letter.answer), now);
    while (!origin->waiting.empty() && !origin->asking) {
      Transfer* const transfer = origin->waiting.front();
      origin->waiting.pop_front();
      if (origin->status().ok()) {
        transfer->Exchange(origin, now);
      } else {
        transfer->Fail(origin->status());
      }
    }
  }
}

bool Http1Client::Cancel(Transfer* transfer) {
  const bool sent = transfer->may_have_been_sent();
  std::erase_if(ended_, [&](const Ended& ended) { return ended.transfer == transfer; });
  transfer->Abandon();
  Release(transfer);
  return sent;
}

void Http1Client::OnTransferEnd(Transfer* transfer, absl::StatusOr<Response> result) {
  if (!in_send_) return Report(transfer, std::move(result));
  ended_.push_back({transfer, std::move(result)});
  if (!std::exchange(reports_soon_, true)) loop_.RunAtEndOfTurn(this);
}

// Those only that have ended by now: one that ends while they are told, because its observer sends again and fails at
// once, say, is for the next turn, or the thread would do nothing else.
void Http1Client::OnEndOfTurn() {
  reports_soon_ = false;
  for (size_t left = ended_.size(); left > 0 && !ended_.empty(); --left) {
    Ended first = std::move(ended_.front());
    ended_.pop_front();
    Report(first.transfer, std::move(first.result));
  }
}

void Http1Client::Report(Transfer* transfer, absl::StatusOr<Response> result) {
  TransferObserver* const observer = transfer->observer();
  Release(transfer);
  SweepLater();
  observer->OnTransferDone(std::move(result));
}

// Makes the transfer ready for another request. The caller must not use it any more.
void Http1Client::Release(Transfer* transfer) { transfer->endpoint()->GiveBack(TakeOut(transfers_, transfer)); }

void Http1Client::SweepLater() {
  if (sweep_ || parts_.idle == 0) return;
  sweep_ = loop_.clock().SteadyNow() + kSweepNs;
  loop_.timers().Add(*sweep_, this);
}

void Http1Client::OnDue() {
  sweep_.reset();
  const SteadyTime now = loop_.clock().SteadyNow();
  for (const auto& endpoint : endpoints_) endpoint->CloseOldConnections(now);
  SweepLater();
}

}  // namespace interaction::http
