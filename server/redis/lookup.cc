#include "server/redis/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace interaction::redis {
namespace {

absl::StatusOr<std::vector<std::string>> Addresses(const std::string& host) {
  const addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return absl::UnavailableError(gai_strerror(error));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(list);
  if (addresses.empty()) return absl::UnavailableError("the name has no address");
  return addresses;
}

}  // namespace

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

void LookUp(std::string host, OnAddresses done) {
  // Shared, so that it still exists if the thread could not be started.
  auto report = std::make_shared<decltype(done)>(std::move(done));
  try {
    std::thread([host = std::move(host), report] { std::move (*report)(Addresses(host)); }).detach();
  } catch (const std::system_error&) {
    std::move (*report)(absl::UnavailableError("no thread can be started to look up the name"));
  }
}

}  // namespace interaction::redis
