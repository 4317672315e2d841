// A library to preload into a program under test, so that its name server does what the test says:
//
//   LD_PRELOAD=libscripted_getaddrinfo.so
//   SCRIPTED_DNS="slow.test=delay:6000,127.0.0.1;two.test=10.0.0.1,::1;bad.test=fail;busy.test=again"
//
// A name's entry is a list of steps: "delay:<milliseconds>", "fail" (no such name), "again" (the name server failed) or
// an address. Names without an entry are looked up as usual. SCRIPTED_DNS=@/path names a file with such a text, read
// anew at each lookup, so that answers can change while the program runs. A program built with AddressSanitizer needs
// ASAN_OPTIONS=verify_asan_link_order=0 to be preloaded into.
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <time.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace {

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

std::string ScriptText() {
  const char* variable = getenv("SCRIPTED_DNS");
  std::string text = variable == nullptr ? "" : variable;
  if (text.rfind('@', 0) != 0) return text;
  std::ifstream file(text.substr(1));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What the script says of `host`: the text after "host=".
std::optional<std::string> EntryOf(const std::string& host) {
  std::istringstream entries(ScriptText());
  for (std::string entry; std::getline(entries, entry, ';');) {
    entry.erase(0, entry.find_first_not_of(" \n"));
    if (entry.rfind(host + "=", 0) == 0) return entry.substr(host.size() + 1, entry.find('\n') - host.size() - 1);
  }
  return std::nullopt;
}

void SleepMilliseconds(long milliseconds) {
  timespec left{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  while (nanosleep(&left, &left) != 0) {
  }
}

// Puts the address `ip` at the end of the list at `*end`. Returns the new end; the old one if the hints exclude the
// address.
addrinfo** Append(GetAddrInfo real, const std::string& ip, const char* service, const addrinfo* hints, addrinfo** end) {
  addrinfo numeric{};
  if (hints != nullptr) numeric = *hints;
  numeric.ai_flags = (numeric.ai_flags & ~AI_CANONNAME) | AI_NUMERICHOST;
  if (real(ip.c_str(), service, &numeric, end) != 0) *end = nullptr;
  // glibc's freeaddrinfo frees node by node, so lists may be joined.
  while (*end != nullptr) end = &(*end)->ai_next;
  return end;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* host, const char* service,
                                                                  const addrinfo* hints, addrinfo** result) {
  static const auto real = reinterpret_cast<GetAddrInfo>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::optional<std::string> entry = host == nullptr ? std::nullopt : EntryOf(host);
  if (!entry) return real(host, service, hints, result);

  *result = nullptr;
  addrinfo** end = result;
  std::istringstream steps(*entry);
  for (std::string step; std::getline(steps, step, ',');) {
    if (step == "fail") return EAI_NONAME;
    if (step == "again") return EAI_AGAIN;
    if (step.rfind("delay:", 0) == 0) {
      SleepMilliseconds(atol(step.c_str() + 6));
    } else {
      end = Append(real, step, service, hints, end);
    }
  }
  return *result == nullptr ? EAI_NONAME : 0;
}
