#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/auth/api_keys.h"
#include "server/auth/policy.h"
#include "server/base/secret.h"

namespace interaction::config {

// The whole configuration, with its defaults. Each member is one key of the YAML file
// (config/interaction-server.example.yaml documents them all; a test keeps the two in step), one environment variable
// (INTERACTION_ + path in upper case, dots as two underscores) and one --set path=value. Flags win over the
// environment, which wins over the file. Load() (load.h) makes it; it does not change afterwards. Load() guarantees
// that every value is within its range, that URLs end with "/", and that names of servers are plain lower-case labels
// ("0042", even if the file says "wv0042").

// What speaks gRPC with the clients: the gateway's own transport, or the server of the gRPC library.
enum class Transport { kH2, kGrpc };

// With authorities of clients: whether a client must show a certificate, or may.
enum class ClientCertificates { kRequired, kOptional };

struct Server {
  std::string listen = "127.0.0.1:50051";                 // host:port, [v6]:port, unix:/path; port 0 picks a free one
  int lanes = 0;                                          // threads that serve calls; 0: one for each core
  absl::Duration spin = absl::ZeroDuration();             // how long a lane looks for an answer before it sleeps
  int max_message_bytes = 256 << 10;                      // of a request; more is RESOURCE_EXHAUSTED
  int max_concurrent_streams = 1024;                      // per connection
  int max_connections = 16384;                            // of clients; more are closed at once; 0: no limit
  int max_connections_per_peer = 8192;                    // of one machine; 0: no limit
  absl::Duration max_connection_age = absl::Minutes(10);  // then a client is asked to connect anew
  bool reflection = true;                                 // grpc.reflection.v1 and v1alpha
  Transport transport = Transport::kH2;
  std::string tls_cert_file;  // PEM chain, with tls_key_file; "": the port speaks without TLS
  std::string tls_key_file;
  std::string tls_client_ca_file;  // PEM; "": clients are asked for no certificate
  ClientCertificates tls_client_certificates = ClientCertificates::kRequired;
  bool insecure = false;  // listening beyond this machine without a policy
};

// Who may call. With a policy, nobody else may.
struct Callers {
  std::string policy_file;    // "": everybody may call everything
  std::string api_keys_file;  // digests
  std::string jwks_file;      // JSON Web Key Set, or
  std::string jwks_url;
  absl::Duration jwks_refresh = absl::Minutes(5);
  std::string token_issuer;
  std::string token_audience;
  absl::Duration token_leeway = absl::Seconds(30);
  std::vector<std::string> forwarded_from;  // peers whose x-forwarded-client-cert counts
  std::vector<auth::Rule> rules;            // read from the files; not keys
  std::vector<auth::ApiKey> api_keys;
  std::string key_set;
};

struct Calls {
  int max_in_flight = 16384;                            // over all lanes; more are refused with OVERLOADED
  int max_in_flight_per_peer = 12288;                   // of one machine; 0: no limit
  int max_metadata_bytes = 8 << 10;                     // names and values of one call; 0: only gRPC's own limit
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that sets none
  absl::Duration late_answer_time =
      absl::Seconds(30);  // how long the upstream's answer is awaited after the caller has left
  bool retry = true;      // repeat attempts that certainly opened nothing
  bool breaker = true;    // stop sending calls to an upstream that keeps failing
  absl::Duration drain_delay =
      absl::Seconds(5);  // after SIGTERM: health says NOT_SERVING, but calls are still accepted
  absl::Duration drain_timeout = absl::Seconds(65);  // after that: how long calls in flight may take to finish
};

// Whether a caller may send its own credential although the gateway has one.
enum class CallerCredentials { kRefuse, kAllow };

// How to reach one upstream. In a path, these keys follow the name of the upstream: seethepro.max_deadline.
struct Upstream {
  absl::Duration max_deadline;  // a longer deadline is cut to this
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration max_idle;  // of a kept-alive connection
  absl::Duration max_lifetime = absl::Seconds(300);
  bool reuse_connections = true;
  int max_response_bytes = 1 << 20;
  int max_concurrent_per_credential = 0;  // requests at once; 0: no limit
  int max_waiting_per_credential = 1000;  // calls that wait for a permit
  CallerCredentials caller_credentials = CallerCredentials::kRefuse;
};

enum class WireFormat { kJson, kXml, kForm };

struct SeeThePro {
  std::string base_url = "https://seetheproapi.payfect.com/";  // api/vspinteraction/create is added
  WireFormat wire_format = WireFormat::kJson;
  Upstream upstream{.max_deadline = absl::Seconds(120), .max_idle = absl::Seconds(60)};
  std::string app_access_key_file;  // "": callers send their own
  Secret app_access_key;            // read from the file; not a key
};

struct Wolkvox {
  std::string base_url = "https://wv{server}.wolkvox.com/";  // {server} may appear in the host only
  std::string default_server;                                // for calls that name none; "": every call must name one
  std::vector<std::string> allowed_servers;                  // empty: any
  bool send_server_header = true;  // some proxies drop or refuse header names with an underscore
  Upstream upstream{
      .max_deadline = absl::Seconds(65), .max_idle = absl::Seconds(4), .max_concurrent_per_credential = 2};
  std::map<std::string, std::string> token_files;  // by server; "": for servers without an entry of their own
  std::map<std::string, Secret> tokens;            // read from the files; not a key
};

// Applies to every connection to an upstream.
struct Egress {
  bool allow_plaintext = false;  // http:// base URLs
  bool allow_loopback = false;   // upstreams on this machine
  bool allow_private = false;    // upstreams on private addresses
  std::string ca_file;           // PEM; "": the system's
  std::string client_cert_file;
  std::string client_key_file;
  std::string proxy;
  std::string no_proxy;
  bool propagate_b3 = false;  // trace context as b3 too, besides W3C
};

enum class RecordStore { kMemory, kRedis, kNone };
enum class OnStoreFailure { kClosed, kOpen };

// The records of calls with a request_id.
struct Idempotency {
  RecordStore store = RecordStore::kMemory;
  OnStoreFailure on_store_failure = OnStoreFailure::kClosed;
  bool require = false;                                // refuse calls without request_id
  absl::Duration done_ttl = absl::Hours(24);           // of the answer
  absl::Duration unknown_ttl = absl::Hours(72);        // of a call whose outcome is unknown
  int max_records = 1'000'000;                         // of the store in memory
  int max_bytes = 512 << 20;                           // likewise
  absl::Duration in_progress_wait = absl::Seconds(5);  // for the same call in flight on another replica
};

enum class OnOutage { kContinue, kWait };

// State shared by replicas. With an address or Sentinels, the limits of credentials apply to all replicas together,
// too.
struct Redis {
  std::string address;                 // host:port or unix:/path; "": none, or the Sentinels know
  std::vector<std::string> sentinels;  // host:port; empty: none are asked
  std::string sentinel_primary;        // its name among the Sentinels
  std::string sentinel_username;
  std::string sentinel_password_file;
  bool tls = false;         // to Redis and its Sentinels
  std::string tls_ca_file;  // PEM; "": the system's
  std::string tls_client_cert_file;
  std::string tls_client_key_file;
  std::string username;
  std::string password_file;
  int database = 0;
  absl::Duration timeout = absl::Milliseconds(50);  // of one command
  int replicas = 1;  // how many gateways use it: when it is unreachable, each keeps to its share of a limit
  OnOutage on_outage = OnOutage::kContinue;  // what calls to an upstream with a limit do meanwhile
  std::string digest_key_file;               // at least 32 characters, the same in all replicas
  Secret password;                           // read from the files; not keys
  Secret sentinel_password;
  Secret digest_key;

  bool is_set() const { return !address.empty() || !sentinels.empty(); }
};

struct Log {
  std::string level = "info";   // debug, info, warning, error
  std::string format = "auto";  // json, text; auto: text on a terminal
  bool calls = true;            // a line for each call
  int successes_percent = 100;  // of the calls that succeed, which get one
};

// The port for operators: health, metrics, state.
struct Admin {
  std::string listen = "127.0.0.1:9464";  // host:port, [v6]:port, unix:/path; "off": none
  std::string token_file;                 // "": reading needs no token, and nothing can be changed
  std::string tls_cert_file;              // PEM chain, with tls_key_file; "": plain HTTP
  std::string tls_key_file;
  bool insecure = false;   // listening beyond this machine without token
  bool try_it = false;     // calls can be made at the port
  int recent_calls = 200;  // that are kept to be looked at; 0: none
  Secret token;            // read from the file; not a key
};

struct Config {
  Server server;
  Callers callers;
  Calls calls;
  SeeThePro seethepro;
  Wolkvox wolkvox;
  Idempotency idempotency;
  Redis redis;
  Egress egress;
  Admin admin;
  Log log;
  std::vector<std::string> warnings;  // one line for each value that is allowed but probably a mistake; not a key
};

}  // namespace interaction::config
