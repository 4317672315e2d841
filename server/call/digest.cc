#include "server/call/digest.h"

#include <openssl/evp.h>

#include <memory>

namespace interaction::call {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Made once a thread: OpenSSL 3 takes longer to look an algorithm up and to make a context than to hash a request.
EVP_MD_CTX* Context() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex2(context.get(), algorithm, nullptr);
  return context.get();
}

}  // namespace

Digest Sha256(std::initializer_list<absl::string_view> parts) {
  EVP_MD_CTX* const context = Context();
  for (const absl::string_view part : parts) EVP_DigestUpdate(context, part.data(), part.size());
  Digest digest;
  EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

}  // namespace interaction::call
