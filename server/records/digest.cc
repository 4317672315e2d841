#include "server/records/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace interaction::records {
namespace {

constexpr size_t kBlockBytes = 64;

// OpenSSL fails here only without memory or without SHA-256. Going on without a digest would mix up calls.
void Must(int succeeded) {
  if (succeeded != 1) abort();
}

// Fetched once: OpenSSL 3 takes longer to find an algorithm by its name than to hash a request.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

// This thread's context, which computes one digest at a time.
EVP_MD_CTX* Scratch() {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  return context.get();
}

void Update(EVP_MD_CTX* context, absl::string_view part) { Must(EVP_DigestUpdate(context, part.data(), part.size())); }

// Joins short parts before hashing: each update costs OpenSSL as much as hashing half a block.
class Gather {
 public:
  explicit Gather(EVP_MD_CTX* context) : context_(context) {}
  ~Gather() { OPENSSL_cleanse(bytes_.data(), used_); }  // a part may be a secret

  void Add(absl::string_view part) {
    if (part.size() > bytes_.size() - size_) Flush();
    if (part.size() > bytes_.size()) return Update(context_, part);
    std::copy(part.begin(), part.end(), bytes_.data() + size_);
    size_ += part.size();
    used_ = std::max(used_, size_);
  }
  void Flush() { Update(context_, {bytes_.data(), std::exchange(size_, 0)}); }

 private:
  EVP_MD_CTX* const context_;
  std::array<char, 192> bytes_;
  size_t size_ = 0;
  size_t used_ = 0;  // at most so far
};

Digest Finish(EVP_MD_CTX* context) {
  Digest digest;
  Must(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return digest;
}

// What `start` has hashed so far, and then `text`.
Digest Continue(const EVP_MD_CTX* start, absl::string_view text) {
  EVP_MD_CTX* const context = Scratch();
  Must(EVP_MD_CTX_copy_ex(context, start));
  Update(context, text);
  return Finish(context);
}

// A new context that has hashed the key, each byte of it and of what fills the block with `pad` on top.
EVP_MD_CTX* StartWithKey(absl::string_view key, char pad) {
  std::array<char, kBlockBytes> block;
  block.fill(pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] = static_cast<char>(block[i] ^ key[i]);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  Must(EVP_DigestInit_ex2(context, Algorithm(), nullptr));
  Update(context, {block.data(), block.size()});
  return context;
}

}  // namespace

Digest Sha256(std::initializer_list<absl::string_view> parts) {
  EVP_MD_CTX* const context = Scratch();
  Must(EVP_DigestInit_ex2(context, Algorithm(), nullptr));
  Gather gather(context);
  for (const absl::string_view part : parts) gather.Add(part);
  gather.Flush();
  return Finish(context);
}

void KeyedDigest::FreeContext::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

KeyedDigest::KeyedDigest(const Secret& key) {
  absl::string_view bytes = key.Reveal();
  Digest hashed;
  if (bytes.size() > kBlockBytes) {
    hashed = Sha256({bytes});
    bytes = BytesOf(hashed);
  }
  inner_.reset(StartWithKey(bytes, 0x36));
  outer_.reset(StartWithKey(bytes, 0x5c));
}

Digest KeyedDigest::operator()(absl::string_view text) const {
  const Digest inner = Continue(inner_.get(), text);
  return Continue(outer_.get(), BytesOf(inner));
}

}  // namespace interaction::records
