#include "tests/support/redis_server.h"

#include <hiredis/hiredis.h>
#include <signal.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

constexpr char kProgram[] = "/usr/bin/redis-server";
constexpr timeval kPatience = {.tv_sec = 10, .tv_usec = 0};

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;

std::string ToText(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return absl::StrCat(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) return reply.str == nullptr ? "" : std::string(reply.str, reply.len);
  std::string text;
  for (size_t i = 0; i < reply.elements; ++i) absl::StrAppend(&text, i == 0 ? "" : "\n", ToText(*reply.element[i]));
  return text;
}

std::string RunOn(redisContext* context, const std::vector<std::string>& command) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, Free> reply(
      static_cast<redisReply*>(redisCommandArgv(context, static_cast<int>(words.size()), words.data(), sizes.data())));
  Require(reply != nullptr, "a command of a test to redis-server");
  return ToText(*reply);
}

std::vector<std::string> TlsArguments(const RedisTls& tls) {
  return {"--tls-cert-file",    tls.certificate, "--tls-key-file",     tls.key,
          "--tls-ca-cert-file", tls.ca,          "--tls-auth-clients", tls.clients_need_certificate ? "yes" : "no"};
}

}  // namespace

RedisServer::RedisServer(RedisServerOptions options) : options_(std::move(options)) { Start(); }

redis::ClientOptions RedisServer::client_options() const {
  redis::ClientOptions options;
  if (options_.tcp || options_.tls) {
    options.host = "127.0.0.1";
    options.port = port_;
  } else {
    options.socket_path = folder_.File("redis.sock");
  }
  options.password = Secret(options_.password);
  options.operation_timeout = absl::Seconds(10);
  options.connect_timeout = absl::Seconds(10);
  options.min_backoff = absl::Milliseconds(1);
  options.max_backoff = absl::Milliseconds(10);
  return options;
}

std::string RedisServer::Run(const std::vector<std::string>& command) const {
  const Context context(options_.tcp ? redisConnectWithTimeout("127.0.0.1", port_, kPatience)
                                     : redisConnectUnixWithTimeout(folder_.File("redis.sock").c_str(), kPatience));
  Require(context != nullptr && context->err == 0, "connecting a test to redis-server");
  redisSetTimeout(context.get(), kPatience);
  if (!options_.password.empty()) RunOn(context.get(), {"AUTH", options_.password});
  return RunOn(context.get(), command);
}

void RedisServer::Stop() {
  process_->Signal(SIGTERM);
  Require(process_->Wait().has_value(), "redis-server does not stop");
}

void RedisServer::Kill() {
  process_->Signal(SIGKILL);
  Require(process_->Wait().has_value(), "redis-server is not killed");
}

void RedisServer::Pause() { process_->Signal(SIGSTOP); }

void RedisServer::Resume() { process_->Signal(SIGCONT); }

void RedisServer::Start() {
  for (int attempt = 0; attempt < 5; ++attempt) {
    if ((options_.tcp || options_.tls) && port_ == 0)
      port_ = LocalPort(BindLoopback());  // free now; hardly ever taken a moment later
    if (TryToStart()) return;
  }
  Require(false, "redis-server does not start: is the package redis-server installed?");
}

std::vector<std::string> RedisServer::Arguments() const {
  std::vector<std::string> arguments = {options_.tls ? "--tls-port" : "--port",
                                        absl::StrCat(port_),
                                        "--bind",
                                        "127.0.0.1",
                                        "--save",
                                        "",
                                        "--dir",
                                        folder_.path(),
                                        "--enable-debug-command",
                                        "local"};
  if (options_.tls) {
    const std::vector<std::string> tls = TlsArguments(*options_.tls);
    arguments.insert(arguments.end(), {"--port", "0", "--tls-replication", "yes"});
    arguments.insert(arguments.end(), tls.begin(), tls.end());
  }
  if (!options_.tcp) arguments.insert(arguments.end(), {"--unixsocket", folder_.File("redis.sock")});
  if (!options_.password.empty()) arguments.insert(arguments.end(), {"--requirepass", options_.password});
  arguments.insert(arguments.end(), options_.settings.begin(), options_.settings.end());
  return arguments;
}

bool RedisServer::TryToStart() {
  process_.emplace(kProgram, Arguments());
  return process_->WaitForLine("eady to accept connections").has_value();
}

RedisSentinel::RedisSentinel(const RedisServer& primary, const std::string& password, std::optional<RedisTls> tls) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = LocalPort(BindLoopback());
    // It writes what it learns into its own configuration.
    const std::string config = folder_.Write(
        "sentinel.conf",
        absl::StrCat("sentinel monitor mymaster 127.0.0.1 ", primary.port(), " 1\n",
                     "sentinel down-after-milliseconds mymaster 500\n", "sentinel failover-timeout mymaster 3000\n",
                     password.empty() ? "" : absl::StrCat("sentinel auth-pass mymaster ", password, "\n")));
    std::vector<std::string> arguments = {
        config,   "--sentinel", tls ? "--tls-port" : "--port", absl::StrCat(port_), "--dir", folder_.path(),
        "--bind", "127.0.0.1"};
    if (tls) {
      const std::vector<std::string> more = TlsArguments(*tls);
      arguments.insert(arguments.end(), {"--port", "0", "--tls-replication", "yes"});
      arguments.insert(arguments.end(), more.begin(), more.end());
    }
    process_.emplace(kProgram, arguments);
    if (process_->WaitForLine("+monitor master mymaster").has_value()) return;
  }
  Require(false, "the Sentinel does not start");
}

bool RedisSentinel::WaitUntilItKnowsAReplica() const {
  return process_->WaitForLine("+slave slave", absl::Seconds(20)).has_value();
}

bool RedisSentinel::WaitForFailover() const {
  return process_->WaitForLine("+switch-master mymaster", absl::Seconds(20)).has_value();
}

}  // namespace interaction::testing
