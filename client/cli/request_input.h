#pragma once

#include <deque>
#include <string>

#include <google/protobuf/message.h>
#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/cli/session.h"

namespace interaction::cli {

// A field of a request that can be given on the command line. The flag is made from the proto's name:
// interaction_name -> --interaction-name.
struct FieldFlag {
  const char* field;
  const char* help;
  // A secret is not taken from the command line, which other users of the machine can read: app_access_key comes from
  // --app-access-key-file or from the variable INTERACTION_APP_ACCESS_KEY.
  bool secret = false;
};

// The flags that fill one command's request. Lives as long as the command.
class RequestInput {
 public:
  // Declares --json and a flag for each field.
  RequestInput(CLI::App& command, absl::Span<const FieldFlag> fields);
  RequestInput(const RequestInput&) = delete;
  RequestInput& operator=(const RequestInput&) = delete;

  // Builds the request, from the weakest source to the strongest: the environment, --json, flags.
  absl::Status Fill(const Session& session, google::protobuf::Message& request) const;

  // Replaces each secret by ***.
  void MaskSecrets(google::protobuf::Message& request) const;

 private:
  struct Source {
    FieldFlag flag;
    std::string text;  // the value, or the file that holds the secret
    const CLI::Option* option = nullptr;
  };

  absl::StatusOr<nlohmann::json> ReadJson(const Session& session, const google::protobuf::Descriptor& type) const;
  absl::StatusOr<std::string> ReadSecret(const Session& session, const Source& source) const;

  std::string json_file_;
  std::deque<Source> sources_;  // CLI11 keeps pointers to the texts
};

}  // namespace interaction::cli
