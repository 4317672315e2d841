#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function (CO_: from the coroutine) with the status of `expr` if that is not OK.
#define RETURN_IF_ERROR(expr)                                         \
  do {                                                                \
    if (absl::Status _status = (expr); !_status.ok()) return _status; \
  } while (false)

#define CO_RETURN_IF_ERROR(expr)                                         \
  do {                                                                   \
    if (absl::Status _status = (expr); !_status.ok()) co_return _status; \
  } while (false)

// Declares or assigns `lhs` from a StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  INTERACTION_ASSIGN_OR_(return, INTERACTION_CONCAT_(_status_or_, __LINE__), lhs, expr)

#define CO_ASSIGN_OR_RETURN(lhs, expr) \
  INTERACTION_ASSIGN_OR_(co_return, INTERACTION_CONCAT_(_status_or_, __LINE__), lhs, expr)

#define INTERACTION_ASSIGN_OR_(leave, name, lhs, expr) \
  auto name = (expr);                                  \
  if (!name.ok()) leave std::move(name).status();      \
  lhs = *std::move(name)

#define INTERACTION_CONCAT_INNER_(a, b) a##b
#define INTERACTION_CONCAT_(a, b) INTERACTION_CONCAT_INNER_(a, b)
