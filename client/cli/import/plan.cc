#include "client/cli/import/plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/import/row_identity.h"
#include "client/cli/output.h"

namespace interaction::cli::import {

absl::StatusOr<std::unique_ptr<Plan>> Plan::Begin(Input& input, const Method& method, const PlanOptions& options,
                                                  Journal& journal) {
  if (const absl::Status forgotten = journal.ForgetCounts(); !forgotten.ok()) return forgotten;
  absl::StatusOr<std::unique_ptr<RowReader>> reader = ReadRows(input, options.read);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<RowRequests> requests = RowRequests::Create(method, **reader, options.read.format, options.requests);
  if (!requests.ok()) return requests.status();
  return std::unique_ptr<Plan>(
      new Plan(method, options.import_name, *std::move(reader), *std::move(requests), journal));
}

absl::StatusOr<bool> Plan::Next(PlannedRow* planned) {
  *planned = PlannedRow();
  absl::StatusOr<bool> any = reader_->Next(&planned->row);
  if (!any.ok() || !*any) return any;
  planned->request = requests_.Make(planned->row, &planned->problems);
  if (!planned->problems.empty()) return true;
  if (const absl::Status identified = Identify(planned); !identified.ok()) return identified;
  return true;
}

absl::Status Plan::Identify(PlannedRow* planned) {
  google::protobuf::Message& request = *planned->request;
  const google::protobuf::FieldDescriptor& field = *request.GetDescriptor()->FindFieldByName("request_id");
  const std::string given = TextOf(request, field);
  const std::string content = given.empty() ? ContentOf(import_name_, method_, request) : given;
  const absl::StatusOr<int64_t> before = journal_.Count(content);
  if (!before.ok()) return before.status();
  if (!given.empty() && *before > 0) {
    planned->problems.push_back({planned->row.number, "field request_id",
                                 "is that of a row further up: each row needs one of its own, or none"});
    return absl::OkStatus();
  }
  planned->request_id = given.empty() ? RequestIdFor(content, static_cast<uint64_t>(*before)) : given;
  request.GetReflection()->SetString(&request, &field, planned->request_id);
  return absl::OkStatus();
}

Action Decide(const std::optional<Entry>& entry, absl::Time now, absl::Duration window, absl::string_view credential) {
  if (!entry.has_value() || entry->state == RowState::kNotApplied) return Action::kSend;
  if (entry->state == RowState::kApplied || entry->reason == kBypassedReason) return Action::kSkip;
  if (now - entry->first_sent > window - window / 24) return Action::kTooOld;
  if (entry->credential != credential) return Action::kOtherCredential;
  return Action::kSendAgain;
}

}  // namespace interaction::cli::import
