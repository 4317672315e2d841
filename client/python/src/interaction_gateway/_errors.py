"""Errors of calls, with all that the gateway says about them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Optional

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "interaction.v1.InteractionService"
"""The domain of the gateway's reasons: docs/errors.md lists them."""

CLIENT_DOMAIN = "client.interaction.v1"
"""The domain of the client's own reasons, below."""

GATEWAY_UNREACHABLE = "GATEWAY_UNREACHABLE"
"""There was no connection for the call. Nothing was sent."""
ILLEGAL_METADATA = "ILLEGAL_METADATA"
"""The call's metadata cannot be sent. Nothing was sent."""
CREDENTIAL_UNREADABLE = "CREDENTIAL_UNREADABLE"
"""token_file or api_key_file cannot be read. Nothing was sent."""
NO_ANSWER_FROM_GATEWAY = "NO_ANSWER_FROM_GATEWAY"
"""The call was sent and ended without an answer of the gateway itself: the connection broke, the deadline passed, the
caller cancelled, or something on the way answered in the gateway's place. The outcome is unknown, whatever the code."""

DETAILS_TRAILER = "grpc-status-details-bin"


class Outcome(enum.Enum):
    """What became of a call. A call that returns has been applied."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    """Nothing was opened, so sending the call again cannot open a second interaction. The reason says whether it can
    succeed: many calls fail again until something is corrected."""
    UNKNOWN = "unknown"
    """An interaction may have been opened. With a request_id, send the same request again: the gateway never sends it
    twice. Without one, check at the vendor first; likewise if the reason is OUTCOME_UNKNOWN, or if
    metadata["idempotency"] is "bypassed"."""


@dataclass(frozen=True)
class FieldViolation:
    field: str
    """As spelled in the proto."""
    description: str


@dataclass(frozen=True)
class QuotaViolation:
    subject: str
    """What is used up."""
    description: str


@dataclass(frozen=True)
class PreconditionViolation:
    type: str
    """The reason."""
    subject: str
    """What the operator of the gateway must check."""
    description: str


@dataclass(eq=False)
class CallError(Exception):
    """A call that failed."""

    code: grpc.StatusCode
    message: str
    reason: str
    """UPPER_SNAKE: one of docs/errors.md, or one of the client's own."""
    domain: str
    outcome: Outcome
    request_id: str = ""
    """That of the call, whoever made it: send the same again where the outcome is unknown."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    field_violations: Sequence[FieldViolation] = ()
    quota_violations: Sequence[QuotaViolation] = ()
    precondition_violations: Sequence[PreconditionViolation] = ()
    retry_delay: Optional[timedelta] = None
    """Do not try again earlier."""

    @property
    def phase(self) -> str:
        """How far the call came, or "" where nobody can tell: "validate", "connect", "wait", ..."""
        return self.metadata.get("phase", "")

    @property
    def upstream(self) -> str:
        """ "seethepro", "wolkvox" or ""."""
        return self.metadata.get("upstream", "")

    def __str__(self) -> str:
        lines = [f"{self.code.name}: {self.message} ({self.reason}, outcome {self.outcome.value})"]
        lines += [f"{violation.field}: {violation.description}" for violation in self.field_violations]
        return "\n  ".join(lines)

    def __reduce__(self) -> tuple[Callable[..., CallError], tuple[Any, ...]]:
        return _restored, (self.__dict__,)


def _restored(state: dict[str, Any]) -> CallError:
    return CallError(**state)


def nothing_sent(code: grpc.StatusCode, message: str, reason: str, request_id: str = "") -> CallError:
    return CallError(code, message, reason, CLIENT_DOMAIN, Outcome.NOT_APPLIED, request_id)


def error_of(
    code: grpc.StatusCode, message: str, trailers: Sequence[tuple[str, Any]], request_id: str
) -> CallError:
    """The error of a call that was sent."""
    error = CallError(code, message, NO_ANSWER_FROM_GATEWAY, CLIENT_DOMAIN, Outcome.UNKNOWN, request_id)
    for detail in _details(trailers):
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            _read_info(_unpacked(detail, error_details_pb2.ErrorInfo()), error)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            error.field_violations = tuple(
                FieldViolation(violation.field, violation.description)
                for violation in _unpacked(detail, error_details_pb2.BadRequest()).field_violations
            )
        elif detail.Is(error_details_pb2.QuotaFailure.DESCRIPTOR):
            error.quota_violations = tuple(
                QuotaViolation(violation.subject, violation.description)
                for violation in _unpacked(detail, error_details_pb2.QuotaFailure()).violations
            )
        elif detail.Is(error_details_pb2.PreconditionFailure.DESCRIPTOR):
            error.precondition_violations = tuple(
                PreconditionViolation(violation.type, violation.subject, violation.description)
                for violation in _unpacked(detail, error_details_pb2.PreconditionFailure()).violations
            )
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = _unpacked(detail, error_details_pb2.RetryInfo()).retry_delay
            error.retry_delay = timedelta(seconds=delay.seconds, microseconds=delay.nanos / 1000)
    return error


def _read_info(info: Any, error: CallError) -> None:
    if info.domain != DOMAIN:
        return
    error.reason = info.reason
    error.domain = info.domain
    error.metadata = dict(info.metadata)
    try:
        error.outcome = Outcome(error.metadata.get("outcome"))
    except ValueError:
        error.outcome = Outcome.UNKNOWN


def _details(trailers: Sequence[tuple[str, Any]]) -> Sequence[Any]:
    for name, value in trailers:
        if name == DETAILS_TRAILER:
            try:
                return tuple(status_pb2.Status.FromString(value).details)
            except DecodeError:
                return ()
    return ()


def _unpacked(detail: Any, message: Any) -> Any:
    """Empty where the bytes are not the message that they are said to be."""
    try:
        message.ParseFromString(detail.value)
    except DecodeError:
        message.Clear()
    return message
