#include "server/redis/script.h"

#include <openssl/sha.h>

#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/redis/server_error.h"

namespace interaction::redis {
namespace {

std::string Sha1Hex(const std::string& text) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

}  // namespace

Script::Script(std::string source) : source_(std::move(source)), sha1_(Sha1Hex(source_)) {}

void Script::Run(Client* client, std::vector<std::string> keys, std::vector<std::string> args,
                 Client::Done done) const {
  std::vector<std::string> command = {"EVALSHA", sha1_, absl::StrCat(keys.size())};
  std::move(keys.begin(), keys.end(), std::back_inserter(command));
  std::move(args.begin(), args.end(), std::back_inserter(command));
  std::vector<std::string> again = command;
  client->Run(std::move(command),
              [this, client, again = std::move(again), done = std::move(done)](absl::StatusOr<Reply> reply) mutable {
                if (!HasWord(reply.status(), "NOSCRIPT")) return std::move(done)(std::move(reply));
                again[0] = "EVAL";
                again[1] = source_;
                client->Run(std::move(again), std::move(done));
              });
}

}  // namespace interaction::redis
