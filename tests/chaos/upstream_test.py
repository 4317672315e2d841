#!/usr/bin/env python3
"""upstream.py does what its book says: every fault, as a client sees it, against the line that was written down."""

import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from faults import FAULTS, SEETHEPRO, WOLKVOX, Planner, good  # noqa: E402
from records import Post, Verdict, load_posts  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TRACE = "0af7651916cd43dd8448eb211c80319c"
REQUESTS = {
    SEETHEPRO: ("/api/vspinteraction/create", {}, {"AppAccessKey": "key", "InteractionName": "call-1"}),
    WOLKVOX: ("/api/v2/configuration.php?api=add_interaction", {"wolkvox-token": "key"}, {"subject": "call-1"}),
}


class Upstream:
    """upstream.py in a process of its own, for one test."""

    def __init__(self, test: unittest.TestCase, *options: str) -> None:
        self._test = test
        folder = tempfile.TemporaryDirectory(prefix="upstream-")
        test.addCleanup(folder.cleanup)
        self.book = pathlib.Path(folder.name) / "posts.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(HERE / "upstream.py"), "--log", str(self.book), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.process.stdout.close)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def connect(self, timeout: float = 5.0) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        self._test.addCleanup(connection.close)
        return connection

    def order(self, **order: object) -> None:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[list[Post], dict[str, int]]:
        """What it wrote down, and what it counted."""
        self.process.stdin.close()
        counts = json.loads(self.process.stdout.read())
        self.process.wait(10)
        return load_posts(self.book), counts


def ask(connection: http.client.HTTPConnection, vendor: str) -> tuple[int, str] | None:
    """Status and body of a complete answer, or None."""
    path, headers, body = REQUESTS[vendor]
    trace = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    try:
        connection.request("POST", path, json.dumps(body), trace | headers)
        response = connection.getresponse()
        text = response.read().decode()
        # http.client takes a head that breaks off for a whole one.
        return (response.status, text) if response.getheader("Content-Length") else None
    except (http.client.HTTPException, OSError):
        return None


class FaultsTest(unittest.TestCase):
    def play(self, fault: str) -> Iterator[tuple[str, tuple[int, str] | None, Post]]:
        """One request to each vendor that meets `fault`: what the client got, what was written down."""
        upstream = Upstream(self, "--rate", "1", "--only", fault)
        vendors = FAULTS[fault].vendors
        answers = []
        for vendor in vendors:
            with contextlib.closing(upstream.connect(timeout=0.2 if fault == "hang" else 5.0)) as connection:
                answers.append(ask(connection, vendor))
        posts, _ = upstream.end()
        return zip(vendors, answers, posts, strict=True)

    def test_each_is_written_down_as_the_client_sees_it(self):
        for fault in FAULTS:
            for vendor, answer, post in self.play(fault):
                with self.subTest(fault=fault, vendor=vendor):
                    read = ("", False) if fault == "reset after the head" else ("call-1", True)
                    self.assertEqual((post.fault, post.vendor, post.trace), (fault, vendor, TRACE))
                    self.assertEqual((post.call, post.is_read), read)
                    self.check_verdict(answer, post)

    def check_verdict(self, answer: tuple[int, str] | None, post: Post) -> None:
        if post.verdict is Verdict.APPLIED:
            self.assertTrue(post.created)
            self.assertEqual((answer[0], post.answer in answer[1]), (200, True))
        elif post.verdict is Verdict.NOT_APPLIED:
            self.assertFalse(post.created)
            says_no = answer[0] in (400, 403, 429, 503) or json.loads(answer[1])["code"] in ("403",)
            self.assertTrue(says_no, answer)
        else:
            failed = answer is None or answer[0] in (500, 502) or json.loads(answer[1])["code"] == "500"
            self.assertTrue(failed, answer)

    def test_a_connection_may_be_reset_before_anything_is_read(self):
        number = next(n for n in range(1, 1000) if Planner("0", 1.0).resets_unread(n))
        upstream = Upstream(self, "--rate", "1", "--only", "400")
        answers = []
        for _ in range(number):
            connection = upstream.connect()
            answers.append(ask(connection, SEETHEPRO))
            connection.close()
        posts, counts = upstream.end()
        self.assertEqual((len(posts), answers[-1]), (number - 1, None))
        self.assertEqual(counts["connections reset unread"], 1)

    def test_the_same_request_meets_the_same_fault_again(self):
        for vendor in (SEETHEPRO, WOLKVOX):
            plans = [Planner("seed", 0.5).plan(vendor, "a request", serial=7) for _ in range(2)]
            self.assertEqual(plans[0], plans[1])

    def test_a_rate_of_nothing_plays_no_fault(self):
        for n in range(1000):
            self.assertEqual(Planner("seed", 0.0).plan(WOLKVOX, f"request {n}", serial=7), good(WOLKVOX, 7))


class UpstreamTest(unittest.TestCase):
    def test_a_connection_serves_one_request_after_the_other(self):
        upstream = Upstream(self)
        connection = upstream.connect()
        answers = [ask(connection, vendor) for vendor in (SEETHEPRO, WOLKVOX, SEETHEPRO)]
        posts, counts = upstream.end()
        self.assertEqual([answer[0] for answer in answers], [200, 200, 200])
        self.assertEqual([(post.vendor, post.token, post.connection) for post in posts],
                         [(SEETHEPRO, "key", 1), (WOLKVOX, "key", 1), (SEETHEPRO, "key", 1)])
        self.assertEqual(len({post.answer for post in posts}), 3)
        self.assertEqual((counts["connections"], counts["fully read"]), (1, 3))

    def test_a_chunked_body_is_read(self):
        upstream = Upstream(self)
        path, headers, body = REQUESTS[WOLKVOX]
        connection = upstream.connect()
        text = json.dumps(body).encode()
        connection.request("POST", path, iter((text[:5], text[5:])), headers, encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 200)
        ((post,), _) = upstream.end()
        self.assertEqual(post.call, "call-1")

    def test_a_request_without_its_last_byte_is_not_read(self):
        upstream = Upstream(self)
        with socket.create_connection(("127.0.0.1", upstream.port)) as connection:
            connection.sendall(b"POST /api/vspinteraction/create HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
        ask(upstream.connect(), SEETHEPRO)
        posts, counts = upstream.end()
        post, _ = sorted(posts, key=lambda post: post.connection)  # the book has them as they ended
        self.assertEqual((post.is_read, post.verdict), (False, Verdict.UNKNOWN))
        self.assertEqual((counts["heads read"], counts["fully read"]), (2, 1))

    def test_what_a_caller_gave_up_is_not_under_way_any_more(self):
        upstream = Upstream(self, "--delay", "5")
        for _ in range(4):
            connection = upstream.connect(timeout=0.1)
            self.assertIsNone(ask(connection, WOLKVOX))
            connection.close()
        posts, _ = upstream.end()
        in_order = sorted(posts, key=lambda post: post.began)
        for one, next_one in zip(in_order, in_order[1:], strict=False):
            self.assertLessEqual(one.ended, next_one.began)

    def test_the_door_can_be_shut_for_a_while(self):
        upstream = Upstream(self)
        upstream.order(refuse=0.3)
        refused = served = False
        while not (refused and served):
            answer = ask(upstream.connect(), SEETHEPRO)
            served = refused and answer is not None
            refused = refused or answer is None
        posts, _ = upstream.end()
        self.assertGreaterEqual(len(posts), 1)


if __name__ == "__main__":
    unittest.main()
