#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/secret.h"

namespace interaction::config {

// The whole configuration, with the defaults that hold where nothing is said. One member here is one key of the YAML
// file (config/interaction-server.example.yaml documents them all; a test holds the two together), one environment
// variable (INTERACTION_ + path in upper case, dots as two underscores) and one --set path=value. Later wins: file,
// environment, flags. Made by Load() (load.h), immutable from then on. What Load() promises: every value is within its
// range, URLs end with "/", names of servers are bare lower-case labels ("0042", also where "wv0042" was written).

struct Server {
  std::string listen = "0.0.0.0:50051";          // host:port, [v6]:port, unix:/path; port 0 picks a free one
  int lanes = 0;                                 // threads that serve calls; 0: one a core
  absl::Duration spin = absl::Microseconds(50);  // how long an idle lane looks for work before it sleeps; 0: not at all
  int max_message_bytes = 256 << 10;             // of a request; more is RESOURCE_EXHAUSTED
  int max_concurrent_streams = 1024;             // per connection
  bool reflection = true;                        // grpc.reflection.v1 and v1alpha
};

struct Calls {
  int max_in_flight = 16384;                            // over all lanes; more are refused with OVERLOADED
  int max_in_flight_per_peer = 12288;                   // of one machine; 0: no limit
  int max_metadata_bytes = 8 << 10;                     // names and values of one call; 0: no limit but gRPC's
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that brings none
  absl::Duration late_answer_time = absl::Seconds(30);  // how long an answer counts after its caller has left
  bool retry = true;                                    // attempts that surely opened nothing
  bool breaker = true;                                  // keep calls away from an upstream that fails
  absl::Duration drain_delay = absl::Seconds(5);        // after SIGTERM: NOT_SERVING, but calls are still taken
  absl::Duration drain_timeout = absl::Seconds(65);     // then: how long calls in flight may take to finish
};

// What a caller's own credential means where the gateway holds one.
enum class CallerCredentials { kRefuse, kAllow };

// How to reach one upstream. In a path these keys follow the upstream itself: seethepro.max_deadline.
struct Upstream {
  absl::Duration max_deadline;  // a longer deadline is cut to this
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration max_idle;  // of a kept-alive connection
  absl::Duration max_lifetime = absl::Seconds(300);
  bool reuse_connections = true;
  int max_response_bytes = 1 << 20;
  int max_concurrent_per_credential = 0;  // requests at once; 0: no limit
  int max_waiting_per_credential = 1000;  // calls that wait for their turn
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
  std::string base_url = "https://wv{server}.wolkvox.com/";  // {server} may stand in the host only
  std::string default_server;                                // for calls that name none; "": they must
  std::vector<std::string> allowed_servers;                  // empty: any
  bool send_server_header = true;                            // some proxies drop or refuse a header with an underscore
  Upstream upstream{
      .max_deadline = absl::Seconds(65), .max_idle = absl::Seconds(4), .max_concurrent_per_credential = 2};
  std::map<std::string, std::string> token_files;  // by server; "": for calls to a server that has none here
  std::map<std::string, Secret> tokens;            // read from the files; not a key
};

// What holds for every connection to an upstream.
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

// What is kept of calls with a request_id.
struct Idempotency {
  RecordStore store = RecordStore::kMemory;
  OnStoreFailure on_store_failure = OnStoreFailure::kClosed;
  bool require = false;                                // refuse calls without request_id
  absl::Duration done_ttl = absl::Hours(24);           // of the answer
  absl::Duration unknown_ttl = absl::Hours(72);        // of "nobody knows"
  int max_records = 1'000'000;                         // of the store in memory
  int max_bytes = 512 << 20;                           // likewise
  absl::Duration in_progress_wait = absl::Seconds(5);  // for the same call, under way in another replica
};

enum class OnOutage { kContinue, kWait };

// What replicas share. With an address, the limits of credentials hold over all replicas, too.
struct Redis {
  std::string address;  // host:port or unix:/path; "": none
  std::string username;
  std::string password_file;
  int database = 0;
  absl::Duration timeout = absl::Milliseconds(50);  // of one command
  int replicas = 1;                          // how many gateways use it: for their shares of a limit when it is gone
  OnOutage on_outage = OnOutage::kContinue;  // what calls to an upstream with a limit do then
  std::string digest_key_file;               // at least 32 characters, the same in all replicas
  Secret password;                           // read from the files; not keys
  Secret digest_key;
};

struct Log {
  std::string level = "info";  // debug, info, warning, error
};

struct Config {
  Server server;
  Calls calls;
  SeeThePro seethepro;
  Wolkvox wolkvox;
  Idempotency idempotency;
  Redis redis;
  Egress egress;
  Log log;
  std::vector<std::string> warnings;  // what Load() finds dubious, a line each; not a key
};

}  // namespace interaction::config
