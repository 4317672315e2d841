#pragma once

#include <string>
#include <vector>

#include "server/redis/client.h"

namespace interaction::redis {

// A Lua script that Redis runs as one step. It is called by its SHA-1; the source is sent only to a Redis that does not
// know it, because it was restarted or its scripts were flushed. Thread-safe.
class Script {
 public:
  explicit Script(std::string source);

  // Runs it with KEYS and ARGV. `done` is that of Client::Run; a script that Redis does not know takes two commands,
  // each with the client's timeout. The script outlives the run.
  void Run(Client* client, std::vector<std::string> keys, std::vector<std::string> args, Client::Done done) const;

 private:
  const std::string source_;
  const std::string sha1_;  // in hexadecimal digits
};

}  // namespace interaction::redis
