#pragma once

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace interaction::auth {

// How a caller proved who it is.
enum class Proof { kNone, kCertificate, kToken, kApiKey, kAdmin };

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
    case Proof::kAdmin:
      return "admin";
  }
  return "";
}

// Who calls. Each kind of proof has names of its own: the token's "billing" is not the key's "billing".
struct Caller {
  Proof proof = Proof::kNone;
  // A SPIFFE ID, another URI or a DNS name; the subject of a token; the name of a key; of calls that are made at the
  // admin port, "try-it"; "": nobody.
  std::string identity;

  // "certificate:spiffe://example.org/billing", "token:billing", "api_key:billing", "admin:try-it"; "" for nobody.
  std::string Name() const { return proof == Proof::kNone ? "" : absl::StrCat(ProofName(proof), ":", identity); }
};

// Reads what Name() writes; nothing if it is not of that form. The identity is not looked at, but that there is one.
inline std::optional<Caller> ParseCaller(absl::string_view name) {
  for (const Proof proof : {Proof::kCertificate, Proof::kToken, Proof::kApiKey, Proof::kAdmin}) {
    absl::string_view identity = name;
    if (absl::ConsumePrefix(&identity, absl::StrCat(ProofName(proof), ":")) && !identity.empty()) {
      return Caller{.proof = proof, .identity = std::string(identity)};
    }
  }
  return std::nullopt;
}

}  // namespace interaction::auth
