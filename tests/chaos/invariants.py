"""The promises that must hold whatever breaks, checked against the books of the upstream and of the callers.

Every function here is pure: books in, violations out. audit_test.py feeds each of them a forged book that breaks it.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from records import Attempt, Post, Verdict, to_line

EVIDENCE_LINES = 12
# gRPC codes that a caller's own library, or the connection, makes up. Any other code can only come from the gateway.
CODES_MADE_ON_THE_WAY = ("CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE")
# How much later than its deadline an attempt may end: the caller's machine is busy.
PATIENCE = 5.0


class Violation(NamedTuple):
    promise: str  # "I1"
    what: str
    evidence: list[str]

    def __str__(self) -> str:
        lines = self.evidence[:EVIDENCE_LINES]
        more = len(self.evidence) - len(lines)
        return "\n    ".join([f"{self.promise}: {self.what}", *lines, *([f"and {more} lines more"] if more else [])])


@dataclasses.dataclass(frozen=True)
class Span:
    """A time, on the machine's monotonic clock."""

    start: float
    end: float


@dataclasses.dataclass(frozen=True)
class Apart:
    """A time in which the replicas cannot know of each other's requests, and so may use a token more often at once."""

    start: float
    end: float
    limit: int


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """What was done to the gateway, as far as it narrows what it promises."""

    # When the store lost its records. A request_id claimed before may be sent once more after it.
    losses: tuple[float, ...] = ()
    # The longest time from a claim to its POST: so much before a POST its claim may lie.
    claim_to_post: float = 5.0
    # Simultaneous requests that a token may have,
    limit: int = 2
    # and how many while the replicas cannot know of each other's.
    apart: tuple[Apart, ...] = ()


def check_all(posts: list[Post], attempts: list[Attempt], circumstances: Circumstances) -> list[Violation]:
    book = Book(posts, attempts)
    return [
        *asked_for(book),
        *sent_once(book, circumstances),
        *ok_is_applied(book, circumstances),
        *not_applied_is_true(book),
        *unavailable_is_safe(book),
        *tokens_are_not_crowded(posts, circumstances),
        *errors_say_what_they_are(attempts),
        *attempts_end(attempts),
    ]


class Book:
    """The posts and attempts of each logical call. A call that has a request_id keeps it over all its attempts."""

    def __init__(self, posts: list[Post], attempts: list[Attempt]) -> None:
        self.attempts = attempts
        self.call_of_trace = {attempt.trace: attempt.call for attempt in attempts}
        self.request_id_of_call = {attempt.call: attempt.request_id for attempt in attempts}
        self.posts_of_trace = group(posts, lambda post: post.trace)
        self.posts_of_call = group(posts, lambda post: self.call_of_trace.get(post.trace, post.call))
        self.attempts_of_call = group(attempts, lambda attempt: attempt.call)

    def may_have_been_applied(self, attempt: Attempt) -> bool:
        return any(post.may_have_been_applied for post in self.posts_of_trace.get(attempt.trace, []))

    def evidence(self, call: str) -> list[str]:
        """Both books' lines of a call, in the order of time."""
        lines = [(post.began, "upstream " + to_line(post)) for post in self.posts_of_call.get(call, [])]
        lines += [(attempt.started, "caller   " + to_line(attempt)) for attempt in self.attempts_of_call.get(call, [])]
        return [line for _, line in sorted(lines)]


def group(items: Iterable, key: Callable) -> dict[str, list]:
    groups = collections.defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def asked_for(book: Book) -> Iterator[Violation]:
    """I0: every POST belongs to an attempt of a caller, and carries the call that this attempt was for."""
    for trace, posts in book.posts_of_trace.items():
        call = book.call_of_trace.get(trace)
        for post in posts:
            if call is None or (post.is_read and post.call != call):
                yield Violation("I0", f"a POST that nobody asked for, or that carries another call's words than {call}",
                                ["upstream " + to_line(post)])


def sent_once(book: Book, circumstances: Circumstances) -> Iterator[Violation]:
    """I1: once a POST may have been applied, none follows: of a call, with a request_id or without, and of an RPC."""
    for call, posts in book.posts_of_call.items():
        request_id = book.request_id_of_call.get(call)
        if not is_sent_once(posts, losses_between(posts, circumstances) if request_id else 0):
            yield Violation("I1", f"call {call}, request_id '{request_id}': a POST after one that may have been "
                                  "applied", book.evidence(call))
    for trace, posts in book.posts_of_trace.items():
        if not is_sent_once(posts, 0):
            call = book.call_of_trace.get(trace, posts[0].call)
            yield Violation("I1", f"the RPC {trace}: a POST after one that may have been applied",
                            book.evidence(call))


def is_sent_once(posts: list[Post], lost: int) -> bool:
    """`lost`: how often the store lost its records between the first of the posts and the last."""
    if lost:
        return sum(post.may_have_been_applied for post in posts) <= 1 + lost
    in_order = sorted(posts, key=lambda post: post.began)
    return not any(post.may_have_been_applied for post in in_order[:-1])


def losses_between(posts: list[Post], circumstances: Circumstances) -> int:
    first = min(post.began for post in posts) - circumstances.claim_to_post
    last = max(post.began for post in posts)
    return sum(first <= loss <= last for loss in circumstances.losses)


def ok_is_applied(book: Book, circumstances: Circumstances) -> Iterator[Violation]:
    """I2: a caller who saw OK has exactly one interaction, and every OK of the call is the upstream's answer to it."""
    for call, attempts in book.attempts_of_call.items():
        answers = {attempt.answer for attempt in attempts if attempt.code == "OK"}
        if not answers:
            continue
        posts = book.posts_of_call.get(call, [])
        applied = [post for post in posts if post.verdict is Verdict.APPLIED]
        lost = losses_between(posts, circumstances) if posts and book.request_id_of_call[call] else 0
        if not applied:
            yield Violation("I2", f"call {call}: OK, but no POST was answered 2xx", book.evidence(call))
        elif len(applied) > 1 + lost:
            yield Violation("I2", f"call {call}: {len(applied)} POSTs answered 2xx", book.evidence(call))
        elif not answers <= {post.answer for post in applied}:
            yield Violation("I2", f"call {call}: OK with an answer that the upstream did not give", book.evidence(call))


def not_applied_is_true(book: Book) -> Iterator[Violation]:
    """I3: an attempt that ended "not_applied" sent no POST, or only such as were answered so.

    REQUEST_IN_PROGRESS is left out: it speaks of the attempt itself, while another has sent the POST.
    """
    for attempt in book.attempts:
        if attempt.outcome != "not_applied" or attempt.reason == "REQUEST_IN_PROGRESS":
            continue
        if book.may_have_been_applied(attempt):
            yield Violation("I3", f"call {attempt.call}: not_applied ({attempt.reason}) for a POST that may have been "
                                  "applied", book.evidence(attempt.call))


def unavailable_is_safe(book: Book) -> Iterator[Violation]:
    """I4: UNAVAILABLE, which clients repeat by themselves, only if no POST arrived, or each was answered so."""
    for attempt in book.attempts:
        if attempt.code != "UNAVAILABLE" or not attempt.is_from_server:
            continue
        if attempt.outcome != "not_applied":
            yield Violation("I4", f"call {attempt.call}: UNAVAILABLE with outcome '{attempt.outcome}'",
                            book.evidence(attempt.call))
        elif book.may_have_been_applied(attempt):
            yield Violation("I4", f"call {attempt.call}: UNAVAILABLE for a POST that arrived and was not answered "
                                  "not applied", book.evidence(attempt.call))


def tokens_are_not_crowded(posts: list[Post], circumstances: Circumstances) -> Iterator[Violation]:
    """I5: a token never has more requests at the upstream at once than its limit."""
    for token, of_token in group((post for post in posts if post.vendor == "wolkvox" and post.is_read),
                                 lambda post: post.token).items():
        crowds = list(find_crowds(of_token, circumstances))
        if crowds:
            yield Violation("I5", f"{token} has {len(crowds[0])} requests at once, and {len(crowds) - 1} times more",
                            ["upstream " + to_line(post) for post in crowds[0]])


def find_crowds(posts: list[Post], circumstances: Circumstances) -> Iterator[list[Post]]:
    """What is under way at each time that one more than the limit comes in."""
    under_way: list[Post] = []
    for post in sorted(posts, key=lambda post: post.began):
        under_way = [other for other in under_way if other.ended > post.began]
        under_way.append(post)
        if len(under_way) > limit_at(post.began, circumstances):
            yield under_way


def limit_at(time: float, circumstances: Circumstances) -> int:
    limits = [apart.limit for apart in circumstances.apart if apart.start <= time <= apart.end]
    return max([circumstances.limit, *limits])


def errors_say_what_they_are(attempts: list[Attempt]) -> Iterator[Violation]:
    """I7: every error of the gateway has its ErrorInfo with an outcome, and "unknown" forbids repeating it."""
    for attempt in attempts:
        fault = ""
        if attempt.is_from_server and attempt.code != "OK":
            if attempt.outcome not in ("not_applied", "unknown"):
                fault = f"an error with outcome '{attempt.outcome}'"
            elif (attempt.outcome == "unknown") != (attempt.pushback == "-1"):
                fault = f"outcome {attempt.outcome} with grpc-retry-pushback-ms '{attempt.pushback}'"
        elif not attempt.is_from_server and attempt.code not in CODES_MADE_ON_THE_WAY:
            fault = f"{attempt.code} without an ErrorInfo"
        if fault:
            yield Violation("I7", f"call {attempt.call}: {fault}", ["caller   " + to_line(attempt)])


def attempts_end(attempts: list[Attempt]) -> Iterator[Violation]:
    """I8: the gateway answers no attempt later than its deadline.

    What the caller's own gRPC ends is the caller's: of a frozen server it notices the deadline seconds late, at times.
    """
    for attempt in attempts:
        if attempt.is_from_server and attempt.ended - attempt.started > attempt.timeout + PATIENCE:
            yield Violation("I8", f"call {attempt.call}: ended {attempt.ended - attempt.started:.1f} s after it began, "
                                  f"its deadline was {attempt.timeout:.1f} s", ["caller   " + to_line(attempt)])


@dataclasses.dataclass(frozen=True)
class Holdings:
    """What a server process holds."""

    descriptors: int  # without connections to the upstream
    upstream_connections: int
    threads: int


def nothing_is_left(server: str, before: Holdings, after: Holdings, most_upstream: int) -> Iterator[Violation]:
    """I6: when all callers have gone, a server holds what it held before, and some idle connections."""
    slack = 4  # descriptors and threads that are made when they are first needed
    if after.descriptors > before.descriptors + slack or after.threads > before.threads + slack:
        yield Violation("I6", f"{server} does not come back to what it held", [f"before {before}", f"after  {after}"])
    if after.upstream_connections > most_upstream:
        yield Violation("I6", f"{server} holds more connections to the upstream than there were calls at once",
                        [f"most {most_upstream}", f"after {after}"])
