#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/http/message.h"

namespace interaction::testing {

// The status of what a matcher was given: an absl::Status, an absl::StatusOr, or anything with grpc::Status's
// interface.
inline const absl::Status& StatusOf(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename GrpcStatus>
requires requires(const GrpcStatus& s) { s.error_code() + 0, s.error_message(); }
absl::Status StatusOf(const GrpcStatus& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// EXPECT_THAT(Do(), IsOk());
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status;
  return status.ok();
}

// EXPECT_THAT(Load(), IsOkAndHolds(Field(&Config::lanes, 4)));
MATCHER_P(IsOkAndHolds, value, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

// EXPECT_THAT(Do(), StatusIs(absl::StatusCode::kUnavailable)); `code` is a code or a matcher of one.
MATCHER_P(StatusIs, code, "") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status;
  return ::testing::Matches(code)(status.code());
}

// EXPECT_THAT(Do(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("refused")));
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status;
  return ::testing::Matches(code)(status.code()) &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

// An error that interaction::Error made for `reason`. Never matches OK. Not for grpc::Status, which has lost the
// details.
MATCHER_P(HasReason, reason, std::string(negation ? "isn't " : "is ") + std::string(Describe(reason).name)) {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status;
  return !status.ok() && GetErrorDetails(status).reason == reason;
}

// What the status says about the upstream's side; OK is kApplied.
MATCHER_P(HasOutcome, outcome,
          std::string(negation ? "isn't of outcome " : "is of outcome ") + std::string(OutcomeName(outcome))) {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status << ", outcome " << std::string(OutcomeName(OutcomeOf(status)));
  return OutcomeOf(status) == outcome;
}

// EXPECT_THAT(reply, EqualsProto(expected)) or EqualsProto(R"pb(code: 201)pb"): the text is read as a message of
// reply's type.
MATCHER_P(EqualsProto, expected, "") {
  using Expected = std::remove_cvref_t<decltype(expected)>;
  using Message = std::remove_cvref_t<decltype(arg)>;
  Message message;
  if constexpr (std::is_base_of_v<google::protobuf::Message, Expected>) {
    message = expected;
  } else if (!google::protobuf::TextFormat::ParseFromString(std::string(expected), &message)) {
    *result_listener << "the expected text does not parse as a " << message.GetTypeName();
    return false;
  }
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  const bool equal = differencer.Compare(message, arg);
  *result_listener << differences;
  return equal;
}

// A request, or a list of headers, with a header `name` (in any case) whose value matches. Where the name occurs more
// than once, one matching value is enough.
MATCHER_P2(HasHeader, name, value, "") {
  const std::vector<http::Header>* headers;
  if constexpr (requires { arg.headers; }) {
    headers = &arg.headers;
  } else {
    headers = &arg;
  }
  for (const http::Header& header : *headers) {
    if (!absl::EqualsIgnoreCase(header.name, name)) continue;
    *result_listener << header.name << ": \"" << header.value << "\" ";
    if (::testing::Matches(value)(header.value)) return true;
  }
  return false;
}

}  // namespace interaction::testing
