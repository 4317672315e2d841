#pragma once

#include <openssl/bio.h>

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::tls {

// Between OpenSSL and a connected, non-blocking socket. Reading, decrypting and acting upon it may be three steps,
// which many connections take one after the other, and so encrypting and writing: for a while bytes come from memory,
// or go there. Does not close the socket. Not thread-safe.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // What OpenSSL reads and writes with. The wire outlives it. nullptr: out of memory.
  BIO* NewBio();

  // OpenSSL reads these bytes, which someone has read from the socket, before the socket.
  void Feed(absl::string_view bytes) { fed_ = bytes; }
  // Whether some of them are left. They stay where they are until there are none.
  bool has_fed_bytes() const { return !fed_.empty(); }

  // OpenSSL's output is appended there, for someone to write it to the socket; null: to the socket.
  void CollectIn(std::string* output) { collected_ = output; }

  // While whoever collected output has not written all of it, OpenSSL's own must wait.
  void Hold(bool held) { held_ = held; }
  bool held() const { return held_; }

 private:
  static int Read(BIO* bio, char* buffer, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* Method();

  int ReadBytes(char* buffer, size_t size);
  int WriteBytes(const char* data, size_t size);

  const int fd_;
  absl::string_view fed_;
  std::string* collected_ = nullptr;
  bool held_ = false;
  bool at_end_ = false;
};

}  // namespace interaction::tls
