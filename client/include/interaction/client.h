#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "interaction/awaitable.h"
#include "interaction/v1/interaction_service.pb.h"

namespace interaction {

namespace internal {
struct Connection;
}

// PEM files of a TLS connection. They are read once, by Client::Connect.
struct TlsFiles {
  std::string ca;           // whom to trust; empty: the authorities of the system
  std::string certificate;  // the client's own chain and key, for mutual TLS: both or neither
  std::string key;
};

struct ClientOptions {
  std::string target = "127.0.0.1:50051";  // a gRPC name: "host:port", "dns:///host:port", "unix:/path"
  std::string proxy;                       // "http://host:port" of an HTTP proxy; see Client
  std::optional<TlsFiles> tls;             // absent: plaintext
  // Who the caller is, where the gateway asks for it and no client certificate says so: a file with a bearer token
  // (JWT) or with an API key. Read anew for each call, because tokens are replaced while programs run. Sent with TLS
  // only, or to this machine.
  std::string token_file;
  std::string api_key_file;
  absl::Duration default_timeout = absl::Seconds(30);  // of a call without a deadline
  bool default_service_config = true;                  // see Client; off: gRPC's own defaults, no retries
  std::string user_agent_prefix;                       // comes before gRPC's own "grpc-c++/..."
  // Gives a request_id to each call that has none, so that it can be tried again: see Client. Off: such a call is sent
  // once. A gateway that keeps no record of request_ids (REQUEST_ID_UNSUPPORTED) needs it off.
  bool make_request_id = true;
};

// What became of a call, besides its result.
struct CallReport {
  std::string peer;  // who answered last, as gRPC writes it: "ipv4:10.0.0.1:50051"; empty: the call was not sent
  int attempts = 0;  // of this client; see Client
};

struct CallOptions {
  std::optional<absl::Time> deadline;                         // absent: now + ClientOptions::default_timeout
  std::vector<std::pair<std::string, std::string>> metadata;  // names in lower case; "grpc-..." is reserved
  std::stop_token stop;                                       // cancels the call, from any thread
  CallReport* report = nullptr;                               // filled in before the result is given, if it is there
};

template <typename Message>
struct Reply {
  Message message;
  bool replayed = false;  // the answer to an earlier call with the same request_id: nothing new was opened
  bool bypassed = false;  // the gateway could not keep the request_id: repeating the call may open a second interaction
  std::string request_id;  // of the call: the caller's, or the one that was made for it; empty: it had none
};

// Takes the result of an asynchronous call. It is called exactly once.
template <typename Message>
using Callback = absl::AnyInvocable<void(absl::StatusOr<Reply<Message>>)>;

// The details of a failed call, besides code and message.
struct CallError {
  enum class Outcome {
    // Nothing was opened, so sending the call again cannot open a second interaction. The reason says whether it can
    // succeed: many calls fail again until something is corrected.
    kNotApplied,
    // An interaction may have been opened. With a request_id (CallError::request_id), send the same request with it
    // again: the gateway never sends it twice. Without one, check at the vendor first; likewise if the reason is
    // OUTCOME_UNKNOWN, or if `bypassed`.
    kUnknown,
  };
  struct FieldViolation {
    std::string field;  // as spelled in the proto
    std::string description;
    bool operator==(const FieldViolation&) const = default;
  };
  struct QuotaViolation {
    std::string subject;  // what is used up
    std::string description;
    bool operator==(const QuotaViolation&) const = default;
  };
  struct PreconditionViolation {
    std::string type;     // the reason
    std::string subject;  // what the operator of the gateway must check
    std::string description;
    bool operator==(const PreconditionViolation&) const = default;
  };
  struct Link {
    std::string url;
    std::string description;
    bool operator==(const Link&) const = default;
  };

  std::string reason;  // UPPER_SNAKE, one of docs/errors.md, or one of the client's own
  std::string domain;
  Outcome outcome = Outcome::kUnknown;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> field_violations;
  std::vector<QuotaViolation> quota_violations;
  std::vector<PreconditionViolation> precondition_violations;
  std::vector<Link> help;
  std::optional<absl::Duration> retry_delay;  // do not try again earlier

  // What docs/errors.md lists as metadata, in types of its own. Empty, absent, 1 or false where the error does not say.
  std::string phase;                             // how far the call came: "validate", "connect", "wait"
  std::string upstream;                          // "seethepro", "wolkvox"
  std::optional<int> http_status;                // the upstream's
  std::string upstream_code;                     // the code in wolkvox's answer
  std::string request_id;                        // send the call again with it, and it opens nothing twice
  std::optional<absl::Time> first_attempt_time;  // when the request_id was first used
  int attempts = 1;                              // how often the gateway tried
  bool bypassed = false;                         // the gateway could not keep the request_id: repeating is not safe
};

// The domain of the gateway's reasons, which docs/errors.md lists.
inline constexpr char kGatewayDomain[] = "interaction.v1.InteractionService";

// The client's own reasons, of its own domain. With these, nothing was sent: kNotApplied.
inline constexpr char kClientDomain[] = "client.interaction.v1";
inline constexpr char kGatewayUnreachable[] = "GATEWAY_UNREACHABLE";      // there was no connection for the call
inline constexpr char kIllegalMetadata[] = "ILLEGAL_METADATA";            // CallOptions::metadata cannot be sent
inline constexpr char kCredentialUnreadable[] = "CREDENTIAL_UNREADABLE";  // token_file or api_key_file
inline constexpr char kCancelledUnsent[] = "CANCELLED_BEFORE_SEND";       // CallOptions::stop came in time

// With this one, the call was sent and ended without an ErrorInfo of the gateway's: the connection broke, the deadline
// passed, the caller cancelled, or something on the way answered in the gateway's place. The outcome is kUnknown
// whatever the code, even for UNAVAILABLE, because a gateway that dies during the call looks like one that never got
// it.
inline constexpr char kNoAnswerFromGateway[] = "NO_ANSWER_FROM_GATEWAY";

// Where the status of a failed call keeps its google.rpc.Status, as bytes: absl::Status::GetPayload(kStatusPayload).
inline constexpr char kStatusPayload[] = "type.googleapis.com/google.rpc.Status";

// Reads the details of a failed call. `status` is not OK.
CallError GetCallError(const absl::Status& status);

enum class ServingStatus { kUnknown, kServing, kNotServing };

// Calls an Interaction Gateway. Thread-safe. A method that returns a reply blocks its thread until there is an answer
// or the deadline has passed; the ...Async methods return at once.
//
// An error has the code and the message of the call's gRPC status; GetCallError() reads the rest.
//
// Connections. While there is none, a call asks grpc.health.v1.Health first and goes on if that is answered, whatever
// the answer. If it is not, the error is kGatewayUnreachable: the call itself was not sent. gRPC's own status would
// leave open whether it was.
//
// A proxy is used only if ClientOptions::proxy names one: http_proxy and similar environment variables are ignored,
// except no_proxy, which lists hosts that are reached without the proxy.
//
// Retries. Both calls create something, and UNAVAILABLE from the gateway (certainly nothing was opened) looks like
// UNAVAILABLE because the connection broke while the gateway was working. So only calls with a request_id are tried
// again, which the gateway sends once: as client/service_config.json says, at most 3 attempts, only after UNAVAILABLE,
// never against the gateway's `grpc-retry-pushback-ms`, all within the deadline. The client makes the attempts itself,
// to know of each what became of it: where one got no answer of the gateway, the outcome of the call is kUnknown, even
// if the gateway refused the next. A call without request_id is given a new one, a random UUID, so that by default
// every call may be tried again. With ClientOptions::make_request_id off, a call without request_id is sent once.
// Reply::request_id and CallError::request_id name the one that was used.
//
// Asynchronous calls. The request and the options are copied. A callback runs, or a coroutine goes on, in a thread of
// the client's: never inside a function of this class or inside request_stop(), so locks that the caller holds do no
// harm. It must not block, or other calls wait; the methods that block would wait forever there. It may destroy the
// client; calls go on when their client is destroyed. A program that ends waits for its calls first.
class Client {
 public:
  // Reads the TLS files and prepares the channel; the first call connects. Errors:
  //   INVALID_ARGUMENT  a target or a proxy that nothing can be sent to, such as one without port; a certificate
  //   without
  //                     its key, or a key alone; a file that does not hold what it has to
  //   NOT_FOUND         a file cannot be read
  // A token or API key is INVALID_ARGUMENT together with the other, or if it would be sent in clear to another machine.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  absl::StatusOr<Reply<v1::CreateVspInteractionResponse>> CreateVspInteraction(
      const v1::CreateVspInteractionRequest& request, const CallOptions& options = {});

  absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>> AddWolkvoxInteraction(
      const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options = {});

  // The same without blocking. The callback takes what the methods above return, errors before sending included.
  void CreateVspInteractionAsync(const v1::CreateVspInteractionRequest& request, const CallOptions& options,
                                 Callback<v1::CreateVspInteractionResponse> callback);
  void AddWolkvoxInteractionAsync(const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options,
                                  Callback<v1::AddWolkvoxInteractionResponse> callback);

  // The same for coroutines: absl::StatusOr<...> reply = co_await client->CreateVspInteractionAsync(request);
  Awaitable<absl::StatusOr<Reply<v1::CreateVspInteractionResponse>>> CreateVspInteractionAsync(
      const v1::CreateVspInteractionRequest& request, const CallOptions& options = {});
  Awaitable<absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>>> AddWolkvoxInteractionAsync(
      const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options = {});

  // Asks grpc.health.v1.Health. An empty `service` asks for the gateway as a whole; one that the gateway does not know
  // is NOT_FOUND.
  absl::StatusOr<ServingStatus> CheckHealth(absl::string_view service, const CallOptions& options = {});

 private:
  explicit Client(std::shared_ptr<internal::Connection> connection);

  const std::shared_ptr<internal::Connection> connection_;  // calls under way have it too
};

}  // namespace interaction
