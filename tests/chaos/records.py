"""What both sides of the gateway write down: the upstream each POST that reached it, the callers each attempt.

Both use the machine's monotonic clock, so that the times of different processes can be compared.
"""

import dataclasses
import enum
import json
import pathlib
from collections.abc import Iterable, Iterator


class Verdict(enum.StrEnum):
    """What whoever got all that the upstream sent could know of the interaction."""

    APPLIED = "applied"  # a complete answer says that it was opened
    NOT_APPLIED = "not_applied"  # a complete answer says that it was not
    UNKNOWN = "unknown"  # no such answer


@dataclasses.dataclass
class Post:
    """One POST whose head, at least, was read by the upstream."""

    trace: str  # the attempt that it belongs to: the trace id of its traceparent
    call: str = ""  # the marker of the logical call; "" if the body was not read
    vendor: str = ""
    token: str = ""
    connection: int = 0
    fault: str = "none"
    status: int = 0  # HTTP status of the answer; 0: there was none
    verdict: Verdict = Verdict.UNKNOWN
    created: bool = False  # the upstream's own truth: an interaction was opened
    answer: str = ""  # what tells this interaction from all others in the caller's reply
    is_read: bool = True  # to the last byte
    began: float = 0.0  # when it was read
    ended: float = 0.0  # just before the answer left, or when the peer was gone

    @property
    def may_have_been_applied(self) -> bool:
        return self.verdict is not Verdict.NOT_APPLIED


@dataclasses.dataclass
class Attempt:
    """One RPC of a caller, and how it ended for them."""

    call: str
    trace: str
    request_id: str = ""  # "": the call has none
    method: str = ""
    token: str = ""
    server: int = 0
    timeout: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    code: str = ""  # "OK", "UNAVAILABLE", ...
    reason: str = ""  # of the ErrorInfo; "": the error was made on the way or by the caller's own gRPC
    outcome: str = ""  # "not_applied" or "unknown", of the ErrorInfo
    pushback: str = ""  # trailer grpc-retry-pushback-ms
    answer: str = ""  # of OK: as Post.answer
    replayed: bool = False  # trailer idempotent-replayed
    message: str = ""

    @property
    def is_from_server(self) -> bool:
        """Whether the gateway itself made this answer."""
        return self.code == "OK" or self.reason != ""

    @property
    def label(self) -> str:
        """For counting: "OK", "OK replayed", "UNAVAILABLE OVERLOADED", "DEADLINE_EXCEEDED (client's own)"."""
        if self.code == "OK":
            return "OK replayed" if self.replayed else "OK"
        return f"{self.code} {self.reason or '(not from the gateway)'}"


def to_line(record: Post | Attempt) -> str:
    """One line of JSON without what is as by default."""
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)
              if getattr(record, field.name) != field.default}
    return json.dumps(fields, ensure_ascii=False)


def read_posts(lines: Iterable[str]) -> Iterator[Post]:
    for line in lines:
        post = Post(**json.loads(line))
        post.verdict = Verdict(post.verdict)
        yield post


def load_posts(path: pathlib.Path) -> list[Post]:
    with path.open(encoding="utf-8") as file:
        return list(read_posts(file))
