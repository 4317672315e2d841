#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction::auth {

// How a caller proved who it is.
enum class Proof { kNone, kCertificate, kToken, kApiKey };

// The word in policies, records and logs.
constexpr absl::string_view ProofName(Proof proof) {
  switch (proof) {
    case Proof::kNone:
      return "";
    case Proof::kCertificate:
      return "certificate";
    case Proof::kToken:
      return "token";
    case Proof::kApiKey:
      return "api_key";
  }
  return "";
}

// Who calls. Each kind of proof has names of its own: the token's "billing" is not the key's "billing".
struct Caller {
  Proof proof = Proof::kNone;
  std::string
      identity;  // a SPIFFE ID, another URI or a DNS name; the subject of a token; the name of a key; "": nobody

  // "certificate:spiffe://example.org/billing", "token:billing", "api_key:billing"; "" for nobody.
  std::string Name() const { return proof == Proof::kNone ? "" : absl::StrCat(ProofName(proof), ":", identity); }
};

}  // namespace interaction::auth
