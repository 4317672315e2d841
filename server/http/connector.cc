#include "server/http/connector.h"

#include <algorithm>
#include <utility>

#include "server/base/status_macros.h"
#include "server/http/curl_attempt.h"
#include "server/http/curl_group.h"
#include "server/http/sockets.h"
#include "server/http/take_out.h"
#include "server/http/tcp_attempt.h"
#include "server/http/transfer_error.h"

namespace interaction::http {
namespace {

// Kept for the next connections; a burst takes more.
constexpr size_t kMaxSpareAttempts = 64;
constexpr size_t kMaxSpareGroups = 4;

class AnyConnector final : public Connector,
                           private CurlGroup::Owner,
                           private CurlAttempt::Owner,
                           private TcpAttempt::Owner,
                           private event::Loop::EndOfTurn {
 public:
  AnyConnector(event::Loop* loop, size_t max_open) : loop_(*loop), sockets_(max_open) {}
  ~AnyConnector() override;

  absl::StatusOr<Attempt*> Start(const ConnectTarget& target, const ConnectOptions& options,
                                 Observer* observer) override;
  void Close(int fd) override { sockets_.Close(fd); }

 private:
  absl::StatusOr<Attempt*> StartTcp(const std::string& ip, int port, const ConnectOptions& options, Observer* observer);
  absl::StatusOr<Attempt*> StartCurl(const ConnectTarget& target, const ConnectOptions& options, Observer* observer);
  absl::StatusOr<CurlGroup*> PickGroup();
  std::unique_ptr<CurlAttempt> TakeSpare();
  void Release(CurlAttempt* attempt);

  void OnAttemptEnd(CurlAttempt* attempt, absl::StatusOr<int> fd) override;
  void OnCancel(CurlAttempt* attempt) override;
  void OnTcpAttemptEnd(TcpAttempt* attempt, absl::StatusOr<int> fd) override;
  void OnTcpAttemptCancel(TcpAttempt* attempt) override { TakeOut(tcp_attempts_, attempt); }
  void OnEndOfTurn() override;

  event::Loop& loop_;
  Sockets sockets_;
  std::vector<std::unique_ptr<TcpAttempt>> tcp_attempts_;
  std::vector<std::unique_ptr<CurlGroup>> groups_;
  std::vector<std::unique_ptr<CurlAttempt>> curl_attempts_;
  std::vector<std::unique_ptr<CurlAttempt>> spare_;
  bool drops_groups_ = false;  // at the end of the turn
};

AnyConnector::~AnyConnector() {
  for (const auto& attempt : curl_attempts_) attempt->group->Remove(attempt.get());
  if (drops_groups_) loop_.RemoveFromEndOfTurn(this);
}

absl::StatusOr<Connector::Attempt*> AnyConnector::Start(const ConnectTarget& target, const ConnectOptions& options,
                                                        Observer* observer) {
  if (target.proxy.empty() && target.addresses.size() == 1) {
    return StartTcp(target.addresses[0], target.port, options, observer);
  }
  return StartCurl(target, options, observer);
}

// --- to one address ------------------------------------------------------------------------------------------------

absl::StatusOr<Connector::Attempt*> AnyConnector::StartTcp(const std::string& ip, int port,
                                                           const ConnectOptions& options, Observer* observer) {
  if (!options.address_policy.Allows(ip)) return ConnectError({.address_forbidden = true});
  ASSIGN_OR_RETURN(std::unique_ptr<TcpAttempt> attempt,
                   TcpAttempt::Start(ip, port, &loop_.poll(), &sockets_, observer, this));
  attempt->index = tcp_attempts_.size();
  tcp_attempts_.push_back(std::move(attempt));
  return tcp_attempts_.back().get();
}

void AnyConnector::OnTcpAttemptEnd(TcpAttempt* attempt, absl::StatusOr<int> fd) {
  Observer* const observer = attempt->observer();
  TakeOut(tcp_attempts_, attempt);
  observer->OnConnected(std::move(fd));
}

// --- by libcurl ----------------------------------------------------------------------------------------------------

absl::StatusOr<Connector::Attempt*> AnyConnector::StartCurl(const ConnectTarget& target, const ConnectOptions& options,
                                                            Observer* observer) {
  ASSIGN_OR_RETURN(CurlGroup* const group, PickGroup());
  std::unique_ptr<CurlAttempt> attempt = TakeSpare();
  RETURN_IF_ERROR(attempt->Prepare(target, options, observer));
  if (!group->Add(attempt.get())) return OutOfResources();
  attempt->index = curl_attempts_.size();
  curl_attempts_.push_back(std::move(attempt));
  return curl_attempts_.back().get();
}

absl::StatusOr<CurlGroup*> AnyConnector::PickGroup() {
  for (const auto& group : groups_) {
    if (group->attempts() < CurlGroup::kMaxAttempts) return group.get();
  }
  absl::StatusOr<std::unique_ptr<CurlGroup>> group = CurlGroup::Create(&loop_, this);
  if (!group.ok()) return OutOfResources();
  groups_.push_back(*std::move(group));
  return groups_.back().get();
}

std::unique_ptr<CurlAttempt> AnyConnector::TakeSpare() {
  if (spare_.empty()) return std::make_unique<CurlAttempt>(&sockets_, static_cast<CurlAttempt::Owner*>(this));
  std::unique_ptr<CurlAttempt> attempt = std::move(spare_.back());
  spare_.pop_back();
  return attempt;
}

void AnyConnector::OnCancel(CurlAttempt* attempt) {
  attempt->group->Remove(attempt);
  Release(attempt);
}

void AnyConnector::OnAttemptEnd(CurlAttempt* attempt, absl::StatusOr<int> fd) {
  Observer* const observer = attempt->observer();
  Release(attempt);
  observer->OnConnected(std::move(fd));
}

void AnyConnector::Release(CurlAttempt* attempt) {
  std::unique_ptr<CurlAttempt> released = TakeOut(curl_attempts_, attempt);
  if (spare_.size() < kMaxSpareAttempts) spare_.push_back(std::move(released));
  // Not now: one of the groups is acting.
  if (curl_attempts_.empty() && groups_.size() > kMaxSpareGroups && !std::exchange(drops_groups_, true)) {
    loop_.RunAtEndOfTurn(this);
  }
}

void AnyConnector::OnEndOfTurn() {
  drops_groups_ = false;
  if (curl_attempts_.empty()) groups_.resize(std::min(groups_.size(), kMaxSpareGroups));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connector>> Connector::Create(event::Loop* loop, size_t max_open) {
  return std::make_unique<AnyConnector>(loop, max_open);
}

}  // namespace interaction::http
