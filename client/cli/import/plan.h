#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/import/input.h"
#include "client/cli/import/journal.h"
#include "client/cli/import/method.h"
#include "client/cli/import/row_reader.h"
#include "client/cli/import/row_requests.h"

namespace interaction::cli::import {

// A row of the input, with all that is known of it before it is sent.
struct PlannedRow {
  Row row;
  std::vector<Problem> problems;                       // none: it may be sent
  std::unique_ptr<google::protobuf::Message> request;  // with its request_id
  std::string request_id;                              // empty if there are problems
};

struct PlanOptions {
  std::string import_name;
  ReadOptions read;
  RequestOptions requests;
};

// One reading of the input. Every reading of the same input gives the same rows with the same request_ids.
class Plan {
 public:
  // Reads the header. What is passed has to outlive the plan. One plan at a time has a journal.
  static absl::StatusOr<std::unique_ptr<Plan>> Begin(Input& input, const Method& method, const PlanOptions& options,
                                                     Journal& journal);

  // False at the end. An error is about the input, or about the journal (then it is not INVALID_ARGUMENT).
  absl::StatusOr<bool> Next(PlannedRow* planned);

  const RowReader& reader() const { return *reader_; }
  const std::vector<Column>& columns() const { return requests_.columns(); }

 private:
  Plan(const Method& method, std::string import_name, std::unique_ptr<RowReader> reader, RowRequests requests,
       Journal& journal)
      : method_(method),
        import_name_(std::move(import_name)),
        reader_(std::move(reader)),
        requests_(std::move(requests)),
        journal_(journal) {}

  absl::Status Identify(PlannedRow* planned);

  const Method& method_;
  const std::string import_name_;
  const std::unique_ptr<RowReader> reader_;
  const RowRequests requests_;
  Journal& journal_;
};

// What is to be done with a row, from what the journal knows of it.
enum class Action {
  kSend,             // as if for the first time
  kSendAgain,        // it may have been opened: the gateway still knows its request_id, and answers for it
  kSkip,             // opened before, or nothing can be found out
  kTooOld,           // it may have been opened, and the gateway may have forgotten the request_id
  kOtherCredential,  // it may have been opened with another credential, for which the request_id is another one
};

// `window` is how long the gateway remembers a request_id. A part of it is kept as a margin for clocks and for the time
// that a call takes. `credential` is the mark of the one that the row would be sent with.
Action Decide(const std::optional<Entry>& entry, absl::Time now, absl::Duration window, absl::string_view credential);

// The reasons of the import itself, for rows that remain unknown without being sent.
inline constexpr char kTooOldReason[] = "REQUEST_ID_TOO_OLD";
inline constexpr char kOtherCredentialReason[] = "CREDENTIAL_CHANGED";
inline constexpr char kBypassedReason[] = "IDEMPOTENCY_BYPASSED";

}  // namespace interaction::cli::import
