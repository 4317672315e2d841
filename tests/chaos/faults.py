"""What an upstream may do to a request: the vendors' good answers, their refusals, and everything that breaks.

A plan is made from a seed and the identity of a request alone, so the same seed plays the same fault to the same
request whatever else goes on. No I/O and no clock here.
"""

import dataclasses
import enum
import http
import json
import random
from collections.abc import Callable

from records import Verdict

SEETHEPRO = "seethepro"
WOLKVOX = "wolkvox"

# How long an upstream that hangs keeps a request before it drops the connection: longer than the gateway is told to
# wait, shorter than it takes the request for being under way.
HANG_TIME = 6.0


class Ending(enum.Enum):
    """What becomes of the connection after the answer."""

    KEEP = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the upstream does with one request."""

    fault: str = "none"
    on_head: bool = False  # the body is not waited for
    delay: float = 0.0  # seconds between the last byte read and the answer, or the end of the connection
    answer: bytes = b""  # the bytes that are sent
    ending: Ending = Ending.KEEP
    status: int = 0
    verdict: Verdict = Verdict.UNKNOWN  # once the answer has left completely
    created: bool = False
    text: str = ""  # Post.answer


def _http_answer(status: int, body: str, content_type: str = "application/json", headers: str = "") -> bytes:
    phrase = http.HTTPStatus(status).phrase
    payload = body.encode()
    head = (f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {content_type}; charset=utf-8\r\n"
            f"Content-Length: {len(payload)}\r\n{headers}\r\n")
    return head.encode() + payload


def _wolkvox_body(code: int, error: str | None, message: str) -> str:
    return json.dumps({"code": str(code), "error": error, "msg": message})


def good(vendor: str, serial: int) -> Plan:
    """An interaction is opened, and the answer says so. `serial` tells it from all others; all are of one length."""
    if vendor == WOLKVOX:
        text = f"4711 routing point was executed and assigned to agent (N-{serial:010d}) "
        body = _wolkvox_body(201, None, text)
    else:
        text = f"vsp-{serial:010d}"
        body = json.dumps({"InteractionId": text, "CampaignKey": "CMP-1",
                           "InteractionUrl": f"https://seethepro.example/vsp/{text}"})
    return Plan(answer=_http_answer(200, body), status=200, verdict=Verdict.APPLIED, created=True, text=text)


def _error_body(vendor: str, status: int) -> tuple[str, str]:
    """Body and content type of an HTTP error. 502 and 503 are a front end's, which speaks HTML."""
    phrase = http.HTTPStatus(status).phrase
    if status in (502, 503):
        return f"<html><body><h1>{phrase}</h1></body></html>", "text/html"
    if vendor == WOLKVOX:
        message = "SOME PARAMETERS ARE REQUIRED" if status == 400 else phrase
        return _wolkvox_body(status, phrase.upper(), message), "text/html"
    text = {400: "The request is invalid.", 500: "An error has occurred."}.get(status, phrase)
    return json.dumps({"Message": text}), "application/json"


def _refusal(status: int, retry_after: tuple[str, ...] = ("",)) -> Callable:
    """The upstream says that it opened nothing."""
    def make(vendor: str, choice: random.Random, serial: int) -> Plan:
        del serial
        wait = choice.choice(retry_after)
        body, content_type = _error_body(vendor, status)
        return Plan(answer=_http_answer(status, body, content_type, f"Retry-After: {wait}\r\n" if wait else ""),
                    status=status, verdict=Verdict.NOT_APPLIED)
    return make


def _failure(status: int) -> Callable:
    """The upstream failed, before or after it opened something."""
    def make(vendor: str, choice: random.Random, serial: int) -> Plan:
        del serial
        body, content_type = _error_body(vendor, status)
        return Plan(answer=_http_answer(status, body, content_type), status=status, created=choice.random() < 0.5)
    return make


def _in_band(code: int, error: str, message: str) -> Callable:
    """wolkvox says no in a page whose HTTP status is 200 or the code."""
    def make(vendor: str, choice: random.Random, serial: int) -> Plan:
        del vendor, serial
        status = choice.choice((200, code))
        verdict = Verdict.NOT_APPLIED if code < 500 else Verdict.UNKNOWN
        return Plan(answer=_http_answer(status, _wolkvox_body(code, error, message)), status=status, verdict=verdict,
                    created=code >= 500 and choice.random() < 0.5)
    return make


def _silence(ending: Ending, **more: object) -> Callable:
    """No byte of an answer."""
    def make(vendor: str, choice: random.Random, serial: int) -> Plan:
        del vendor, serial
        created = choice.random() < 0.5 and not more.get("on_head")
        return Plan(ending=ending, created=created, **more)
    return make


def _half(ending: Ending) -> Callable:
    """A good answer that breaks off anywhere before its last byte."""
    def make(vendor: str, choice: random.Random, serial: int) -> Plan:
        whole = good(vendor, serial)
        part = whole.answer[:choice.randrange(1, len(whole.answer))]
        return dataclasses.replace(whole, answer=part, ending=ending, verdict=Verdict.UNKNOWN)
    return make


def _slow(vendor: str, choice: random.Random, serial: int) -> Plan:
    return dataclasses.replace(good(vendor, serial), delay=choice.uniform(0.2, 2.5))


def _then_close(vendor: str, choice: random.Random, serial: int) -> Plan:
    """A good answer on a connection that is then closed, though nothing in the answer said so."""
    del choice
    return dataclasses.replace(good(vendor, serial), ending=Ending.CLOSE)


def _garbage(vendor: str, choice: random.Random, serial: int) -> Plan:
    del vendor, serial
    return Plan(answer=choice.randbytes(choice.randrange(1, 300)) + b"\r\n", ending=Ending.CLOSE,
                created=choice.random() < 0.5)


@dataclasses.dataclass(frozen=True)
class Fault:
    weight: float
    make: Callable[[str, random.Random, int], Plan]
    vendors: tuple[str, ...] = (SEETHEPRO, WOLKVOX)


# TOKEN LIMIT EXCEEDED is not among them: it is about the whole day, and would silence a token for the rest of the run.
FAULTS = {
    "400": Fault(3, _refusal(400)),
    "429": Fault(3, _refusal(429, ("", "0", "1"))),
    "500": Fault(3, _failure(500)),
    "502": Fault(3, _failure(502)),
    "503": Fault(3, _refusal(503)),
    "503 Retry-After": Fault(3, _refusal(503, ("0", "1", "Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-5"))),
    "403 simultaneous": Fault(3, _in_band(403, "FORBIDDEN", "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"),
                              (WOLKVOX,)),
    "403 token": Fault(2, _in_band(403, "FORBIDDEN", "PLEASE VALIDATE TOKEN"), (WOLKVOX,)),
    "403 maintenance": Fault(1, _in_band(403, "FORBIDDEN", "BACKUP IN PROGRESS"), (WOLKVOX,)),
    "500 in band": Fault(1, _in_band(500, "INTERNAL ERROR", "SOMETHING WENT WRONG"), (WOLKVOX,)),
    "reset after the head": Fault(3, _silence(Ending.RESET, on_head=True)),
    "reset after reading": Fault(3, _silence(Ending.RESET)),
    "close after reading": Fault(3, _silence(Ending.CLOSE)),
    "half an answer, reset": Fault(3, _half(Ending.RESET)),
    "half an answer, close": Fault(2, _half(Ending.CLOSE)),
    "slow": Fault(3, _slow),
    "hang": Fault(1, _silence(Ending.CLOSE, delay=HANG_TIME)),
    "garbage": Fault(2, _garbage),
    "good, then close": Fault(6, _then_close),
}

# Of the faults that are played, how many are played to a connection before anything is read from it.
RESET_UNREAD_SHARE = 0.1


class Planner:
    """Decides what happens to each request. `rate`: how many of all requests meet a fault, from 0 to 1."""

    def __init__(self, seed: str, rate: float, delay: float = 0.0, only: str = "") -> None:
        self.seed = seed
        self.rate = rate
        self.delay = delay  # of every good answer
        # By vendor, the faults' names and weights; with `only`, that fault alone.
        self._tables = {vendor: ([], []) for vendor in (SEETHEPRO, WOLKVOX)}
        for name in [only] if only else FAULTS:
            for vendor in FAULTS[name].vendors:
                self._tables[vendor][0].append(name)
                self._tables[vendor][1].append(FAULTS[name].weight)

    def plan(self, vendor: str, identity: str, serial: int) -> Plan:
        """`identity` names the request: the same gets the same fault again. `serial`: as good() takes it."""
        choice = random.Random(f"{self.seed}/{identity}") if self.rate > 0 else None
        if choice is None or choice.random() >= self.rate:
            plan = good(vendor, serial)
            return dataclasses.replace(plan, delay=self.delay) if self.delay else plan
        names, weights = self._tables[vendor]
        name = choice.choices(names, weights)[0]
        return dataclasses.replace(FAULTS[name].make(vendor, choice, serial), fault=name)

    def resets_unread(self, connection: int) -> bool:
        """Whether this connection is reset as soon as it is there."""
        return random.Random(f"{self.seed}/connection/{connection}").random() < self.rate * RESET_UNREAD_SHARE
