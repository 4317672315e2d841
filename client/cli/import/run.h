#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/import/row_requests.h"
#include "client/cli/session.h"

namespace interaction::cli::import {

// The flags of `interactionctl import`. README.md says what they do.
struct ImportOptions {
  std::string method;
  std::string file;  // "-": standard input
  std::string name;
  std::string format;  // "csv", "ndjson", empty: it is found
  std::string separator;
  std::string encoding = "auto";
  std::string journal;
  std::string results;
  std::string to_correct;
  RequestOptions requests;
  bool check = false;
  bool resume = false;
  bool send_valid = false;
  bool same_gateway = false;
  bool yes = false;
  int jobs = 8;
  double rate = 0;
  uint64_t limit = 0;
  absl::Duration window = absl::Hours(24);
  absl::Duration patience = absl::Minutes(5);
};

// Checks every row, sends what is to be sent, and writes the results. Returns the exit code.
int Import(Session& session, ImportOptions options);

}  // namespace interaction::cli::import
