"""What one call needs, whether it blocks or is awaited."""

from __future__ import annotations

import enum
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Optional, TypeVar, Union

import grpc
from grpc_health.v1 import health_pb2

from . import _errors
from ._errors import CallError, Outcome
from ._options import Options
from ._retry import Retry
from .v1 import interaction_service_pb2 as pb

Request = TypeVar("Request", pb.CreateVspInteractionRequest, pb.AddWolkvoxInteractionRequest)
Message = TypeVar("Message", pb.CreateVspInteractionResponse, pb.AddWolkvoxInteractionResponse)
Metadata = Sequence[tuple[str, Union[str, bytes]]]


class ServingStatus(enum.Enum):
    UNKNOWN = "UNKNOWN"
    SERVING = "SERVING"
    NOT_SERVING = "NOT_SERVING"


@dataclass(frozen=True)
class Reply(Generic[Message]):
    """The answer to a call that was applied."""

    message: Message
    request_id: str
    """That of the call, whoever made it."""
    replayed: bool
    """The answer to an earlier call with the same request_id: nothing new was opened."""
    bypassed: bool
    """The gateway could not keep the request_id: repeating the call may open a second interaction."""


def new_request_id() -> str:
    """For a program that keeps the request_id itself, to repeat a call after its own crash."""
    return str(uuid.uuid4())


class Call(Generic[Request]):
    """One call from its arguments to its answer: checked before it is sent, with one deadline for all that it takes."""

    def __init__(
        self,
        options: Options,
        retry: Optional[Retry],
        request: Request,
        timeout: Optional[float],
        metadata: Metadata,
    ):
        self.deadline = Deadline(options, timeout)
        self.request: Request = type(request)()
        self.request.CopyFrom(request)
        if options.make_request_id and not self.request.request_id:
            self.request.request_id = new_request_id()
        self.request_id: str = self.request.request_id
        self.given_metadata = checked(metadata, self.request_id)
        # A call without request_id is sent once.
        self._retry = retry if self.request_id else None
        self._attempts = 0
        self._unanswered = False  # one attempt got no answer of the gateway
        self.metadata = (*self.given_metadata, *self._credential(options))

    def _credential(self, options: Options) -> Metadata:
        try:
            return options.credential()
        except (OSError, ValueError) as error:
            raise _errors.nothing_sent(
                grpc.StatusCode.FAILED_PRECONDITION, str(error), _errors.CREDENTIAL_UNREADABLE, self.request_id
            ) from error

    def reply(self, message: Message, trailers: Any) -> Reply[Message]:
        pairs = tuple(trailers or ())
        if self._retry is not None:
            self._retry.succeeded()
        return Reply(
            message, self.request_id, ("idempotent-replayed", "true") in pairs, ("idempotency", "bypassed") in pairs
        )

    def failed(self, error: Any) -> tuple[CallError, Optional[float]]:
        """After an attempt that was sent and ended with a grpc.RpcError: the error of the call, and the seconds until the next
        attempt, or None if that was the last."""
        trailers = tuple(error.trailing_metadata() or ())
        result = _errors.error_of(error.code(), error.details() or "", trailers, self.request_id)
        self._attempts += 1
        self._unanswered = self._unanswered or result.reason == _errors.NO_ANSWER_FROM_GATEWAY
        wait = None if self._retry is None else self._retry.wait(self._attempts, result.code, trailers)
        if wait is not None and wait < self.deadline.left():
            return result, wait
        if self._unanswered:
            result.outcome = Outcome.UNKNOWN  # the gateway's answer speaks of the last attempt only
        return result, None

    def unreachable(self, error: Any) -> Optional[CallError]:
        """What a failed health check says about the call: any answer of it shows that there is a connection."""
        if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return None
        return _errors.nothing_sent(
            error.code(), error.details() or "", _errors.GATEWAY_UNREACHABLE, self.request_id
        )


class Deadline:
    def __init__(self, options: Options, timeout: Optional[float]):
        self.end = time.monotonic() + (options.default_timeout if timeout is None else timeout)

    def left(self) -> float:
        return max(self.end - time.monotonic(), 0.0)


def health_error(error: Any) -> CallError:
    """Of a health check, which opens nothing."""
    result = _errors.error_of(error.code(), error.details() or "", tuple(error.trailing_metadata() or ()), "")
    result.outcome = Outcome.NOT_APPLIED
    if result.domain == _errors.CLIENT_DOMAIN:
        lost = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        result.reason = _errors.GATEWAY_UNREACHABLE if lost else ""
    return result


def serving_status(response: health_pb2.HealthCheckResponse) -> ServingStatus:
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
    return ServingStatus.__members__.get(name, ServingStatus.UNKNOWN)


def checked(metadata: Metadata, request_id: str) -> Metadata:
    """Fails on metadata that cannot be sent."""
    for name, value in metadata:
        binary = name.endswith("-bin")
        legal = (
            re.fullmatch(r"[0-9a-z_.-]+", name)
            and not name.startswith("grpc-")
            and isinstance(value, bytes if binary else str)
            and (binary or re.fullmatch(r"[ -~]*", str(value)))
        )
        if not legal:
            raise _errors.nothing_sent(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"cannot be sent as metadata: {name}",
                _errors.ILLEGAL_METADATA,
                request_id,
            )
    return tuple(metadata)
