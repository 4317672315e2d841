#include "server/app/try_it.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/app/try_it_json.h"
#include "server/base/status_macros.h"

namespace interaction::app {
namespace {

constexpr char kPath[] = "/interaction.v1.InteractionService/";

admin::HttpResponse JsonAnswer(std::string body) {
  return {.content_type = "application/json", .body = std::move(body)};
}

int HttpStatusOf(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 400;
  }
}

admin::HttpResponse Refusal(const absl::Status& error) {
  return {.status = HttpStatusOf(error), .body = absl::StrCat(std::string(error.message()), "\n")};
}

}  // namespace

TryIt::TryIt(std::vector<lane::Lane*> lanes, std::vector<rpc::LaneCalls*> calls, const rpc::Methods* methods,
             const Clock* clock)
    : lanes_(std::move(lanes)), calls_(std::move(calls)), methods_(methods), clock_(clock), form_(MethodsJson()) {}

void TryIt::SetOpen(bool is_open) {
  const MutexLock lock(&mutex_);
  is_open_ = is_open;
}

bool TryIt::idle() const {
  const MutexLock lock(&mutex_);
  return running_ == 0;
}

admin::HttpResponse TryIt::Answer(const admin::HttpRequest& request) {
  const auto value = [&request](const char* key) {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string() : found->second;
  };
  if (request.method == "POST") return Make(value("method"), request.body);
  return request.query.contains("id") ? Show(value("id")) : JsonAnswer(form_);
}

absl::StatusOr<uint64_t> TryIt::Begin(const std::string& method) {
  const MutexLock lock(&mutex_);
  if (!is_open_) return absl::UnavailableError("The gateway does not serve now.");
  if (running_ == kMaxRunning) return absl::ResourceExhaustedError("Too many calls from here are under way.");
  ++running_;
  const uint64_t id = ++last_id_;
  results_[id] = {.began = clock_->SteadyNow(), .method = method, .json = ""};
  // The oldest first; those under way are among the latest.
  if (results_.size() > kMaxKept) results_.erase(results_.begin());
  return id;
}

admin::HttpResponse TryIt::Make(const std::string& method, const std::string& body) {
  absl::StatusOr<std::string> message = RequestFromJson(method, body);
  if (!message.ok()) return Refusal(message.status());
  const absl::StatusOr<uint64_t> id = Begin(method);
  if (!id.ok()) return Refusal(id.status());
  const size_t lane = *id % lanes_.size();
  rpc::LocalCall::Start(lanes_[lane], methods_, calls_[lane],
                        {.path = absl::StrCat(kPath, method),
                         .message = *std::move(message),
                         .caller = {.proof = auth::Proof::kAdmin, .identity = "try-it"},
                         .peer = "admin"},
                        [this, id = *id](const rpc::ServerCall::Ending& ending) { End(id, ending); });
  return JsonAnswer(absl::StrCat("{\"id\":\"", *id, "\"}\n"));
}

void TryIt::End(uint64_t id, const rpc::ServerCall::Ending& ending) {
  const MutexLock lock(&mutex_);
  --running_;
  const auto found = results_.find(id);
  if (found == results_.end()) return;
  Result& result = found->second;
  result.json = EndingJson(result.method, ending, absl::Nanoseconds(clock_->SteadyNow() - result.began));
}

admin::HttpResponse TryIt::Show(const std::string& id) const {
  uint64_t number = 0;
  const MutexLock lock(&mutex_);
  const auto found = absl::SimpleAtoi(id, &number) ? results_.find(number) : results_.end();
  if (found == results_.end()) return {.status = 404, .body = "This result is not kept any more.\n"};
  return JsonAnswer(found->second.json.empty() ? "{\"state\":\"running\"}\n" : found->second.json);
}

}  // namespace interaction::app
