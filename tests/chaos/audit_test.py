#!/usr/bin/env python3
"""The checks of invariants.py bite: each promise has a forged book that breaks it and one that just keeps it."""

import dataclasses
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import storm  # noqa: E402
from invariants import Apart, Circumstances, Holdings, Violation, check_all, nothing_is_left  # noqa: E402
from records import Attempt, Post, Verdict, read_posts, to_line  # noqa: E402

ID = "6925ebd4-125d-4338-a736-99f4b5bcb3d7"


def post(trace: str, at: float = 1.0, verdict: Verdict = Verdict.APPLIED, **more: object) -> Post:
    """A POST of the call "c", answered at once."""
    fields = {"call": "c", "vendor": "wolkvox", "token": f"token of {trace}", "began": at, "ended": at,
              "answer": "vsp-1" if verdict is Verdict.APPLIED else "", **more}
    return Post(trace=trace, verdict=verdict, **fields)


def attempt(trace: str, code: str = "OK", reason: str = "", outcome: str = "", **more: object) -> Attempt:
    """An attempt of the call "c", which has a request_id."""
    fields = {"call": "c", "request_id": ID, "timeout": 1.0, "started": 0.5, "ended": 1.2,
              "answer": "vsp-1" if code == "OK" else "", "pushback": "-1" if outcome == "unknown" else "", **more}
    return Attempt(trace=trace, code=code, reason=reason, outcome=outcome, **fields)


LOST = ("UNKNOWN", "UPSTREAM_CONNECTION_LOST", "unknown")
REFUSED = ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE", "not_applied")


def promises(posts: list[Post], attempts: list[Attempt], circumstances: Circumstances | None = None) -> list[str]:
    """Which promises the books break, each once."""
    return sorted({violation.promise for violation in check_all(posts, attempts, circumstances or Circumstances())})


class BooksTest(unittest.TestCase):
    def assert_kept(self, posts: list[Post], attempts: list[Attempt],
                    circumstances: Circumstances | None = None) -> None:
        self.assertEqual(promises(posts, attempts, circumstances), [])

    def assert_broken(self, promise: str, posts: list[Post], attempts: list[Attempt],
                      circumstances: Circumstances | None = None) -> None:
        self.assertIn(promise, promises(posts, attempts, circumstances))


class SentOnceTest(BooksTest):
    def test_one_post_that_every_attempt_hears_of_is_fine(self):
        self.assert_kept([post("a")], [attempt("a", *LOST), attempt("b", replayed=True), attempt("c", replayed=True)])

    def test_posts_that_were_refused_may_be_followed_by_another(self):
        self.assert_kept([post("a", 1.0, Verdict.NOT_APPLIED), post("b", 1.1)], [attempt("a", *REFUSED), attempt("b")])

    def test_a_second_post_for_a_request_id_is_found(self):
        for verdict in (Verdict.APPLIED, Verdict.UNKNOWN):
            with self.subTest(verdict):
                self.assert_broken("I1", [post("a", 1.0, verdict), post("b", 1.1)], [attempt("a", *LOST), attempt("b")])

    def test_it_is_found_even_if_the_upstream_happened_to_refuse_it(self):
        self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), post("b", 1.1, Verdict.NOT_APPLIED)],
                           [attempt("a", *LOST), attempt("b", *REFUSED)])

    def test_it_is_found_even_if_it_was_read_in_part(self):
        in_part = post("b", 1.1, Verdict.UNKNOWN, is_read=False, call="")
        self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), in_part], [attempt("a", *LOST), attempt("b", *LOST)])

    def test_a_second_post_of_one_rpc_is_found_without_a_request_id(self):
        self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), post("a", 1.1)], [attempt("a", request_id="")])

    def test_a_second_post_after_unavailable_is_found_without_a_request_id(self):
        self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), post("b", 1.1)],
                           [attempt("a", *REFUSED, request_id=""), attempt("b", request_id="")])

    def test_a_store_that_lost_its_records_may_cost_one_more(self):
        lost_between = Circumstances(losses=(1.05,))
        twice = [post("a", 1.0, Verdict.UNKNOWN), post("b", 1.1)]
        self.assert_kept(twice, [attempt("a", *LOST), attempt("b")], lost_between)
        self.assert_broken("I1", [*twice, post("c", 1.2, Verdict.UNKNOWN)],
                           [attempt("a", *LOST), attempt("b"), attempt("c", *LOST)], lost_between)

    def test_a_loss_at_another_time_excuses_nothing(self):
        for loss in (-9.0, 1.2):
            with self.subTest(loss):
                self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), post("b", 1.1)],
                                   [attempt("a", *LOST), attempt("b")], Circumstances(losses=(loss,)))

    def test_a_loss_excuses_nothing_without_a_request_id(self):
        self.assert_broken("I1", [post("a", 1.0, Verdict.UNKNOWN), post("a", 1.1)], [attempt("a", request_id="")],
                           Circumstances(losses=(1.05,)))

    def test_a_post_that_nobody_asked_for_is_found(self):
        self.assert_broken("I0", [post("a"), post("stranger")], [attempt("a")])

    def test_a_post_with_the_words_of_another_call_is_found(self):
        self.assert_broken("I0", [post("a", call="another")], [attempt("a")])


class OutcomeTest(BooksTest):
    def test_ok_without_a_post_is_found(self):
        self.assert_broken("I2", [], [attempt("a")])

    def test_ok_for_a_post_that_was_not_answered_2xx_is_found(self):
        for verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLIED):
            with self.subTest(verdict):
                self.assert_broken("I2", [post("a", verdict=verdict)], [attempt("a")])

    def test_ok_for_two_interactions_is_found(self):
        self.assert_broken("I2", [post("a", 1.0), post("b", 1.1)], [attempt("a"), attempt("b")])

    def test_an_answer_that_is_not_the_upstreams_is_found(self):
        self.assert_broken("I2", [post("a")], [attempt("a"), attempt("b", answer="vsp-2")])

    def test_not_applied_is_found_false_if_the_post_was_or_may_have_been_applied(self):
        for verdict in (Verdict.APPLIED, Verdict.UNKNOWN):
            with self.subTest(verdict):
                self.assert_broken("I3", [post("a", verdict=verdict)],
                                   [attempt("a", "FAILED_PRECONDITION", "UPSTREAM_REJECTED", "not_applied")])

    def test_request_in_progress_speaks_of_the_attempt_alone(self):
        self.assert_kept([post("a")],
                         [attempt("a"), attempt("b", "ABORTED", "REQUEST_IN_PROGRESS", "not_applied")])

    def test_unavailable_for_a_post_that_may_have_been_applied_is_found(self):
        self.assert_broken("I4", [post("a", verdict=Verdict.UNKNOWN, is_read=False, call="")], [attempt("a", *REFUSED)])

    def test_unavailable_with_an_unknown_outcome_is_found(self):
        self.assert_broken("I4", [], [attempt("a", "UNAVAILABLE", "UPSTREAM_CONNECTION_LOST", "unknown")])

    def test_unavailable_for_posts_that_were_refused_is_fine(self):
        self.assert_kept([post("a", 1.0, Verdict.NOT_APPLIED), post("a", 1.1, Verdict.NOT_APPLIED)],
                         [attempt("a", *REFUSED)])

    def test_unavailable_of_a_connection_that_broke_says_nothing(self):
        self.assert_kept([post("a", verdict=Verdict.UNKNOWN)], [attempt("a", "UNAVAILABLE")])

    def test_an_error_that_does_not_say_what_it_is_is_found(self):
        cases = {
            "no ErrorInfo": attempt("a", "INTERNAL"),
            "no outcome": attempt("a", "INTERNAL", "INTERNAL_ERROR"),
            "unknown, may be repeated": attempt("a", *LOST, pushback=""),
            "not applied, must not be repeated": attempt("a", *REFUSED, pushback="-1"),
        }
        for name, broken in cases.items():
            with self.subTest(name):
                self.assert_broken("I7", [], [broken])

    def test_an_answer_after_the_deadline_is_found(self):
        self.assert_kept([], [attempt("a", *REFUSED, ended=1.6)])
        self.assert_broken("I8", [], [attempt("a", *REFUSED, ended=60.0)])

    def test_what_the_callers_own_grpc_ends_late_is_not_held_against_the_gateway(self):
        self.assert_kept([], [attempt("a", "DEADLINE_EXCEEDED", ended=60.0)])


class CrowdTest(BooksTest):
    def crowd(self, *times: tuple[float, float]) -> tuple[list[Post], list[Attempt]]:
        """Requests of one token, each of another call."""
        posts = [post(f"t{n}", began, call=f"c{n}", ended=ended, token="token", answer=f"vsp-{n}")
                 for n, (began, ended) in enumerate(times)]
        return posts, [attempt(f"t{n}", call=f"c{n}", answer=f"vsp-{n}") for n in range(len(times))]

    def test_two_at_once_are_fine(self):
        self.assert_kept(*self.crowd((1.0, 2.0), (1.1, 2.0), (2.0, 3.0), (2.0, 3.0)))

    def test_a_third_at_once_is_found(self):
        self.assert_broken("I5", *self.crowd((1.0, 2.0), (1.1, 2.1), (1.9, 1.95)))

    def test_replicas_that_cannot_know_of_each_other_may_have_more(self):
        apart = Circumstances(apart=(Apart(1.5, 2.0, limit=3), Apart(1.6, 2.0, limit=1)))
        self.assert_kept(*self.crowd((1.0, 2.0), (1.1, 2.1), (1.9, 1.95)), apart)
        self.assert_broken("I5", *self.crowd((1.0, 2.0), (1.1, 2.1), (1.2, 1.3)), apart)
        self.assert_broken("I5", *self.crowd((1.0, 2.0), (1.1, 2.1), (1.8, 1.9), (1.8, 1.9)), apart)


class LeftoversTest(unittest.TestCase):
    BEFORE = Holdings(descriptors=30, upstream_connections=0, threads=8)

    def left(self, **after: int) -> list[Violation]:
        now = dataclasses.replace(self.BEFORE, **after)
        return list(nothing_is_left("server-0", self.BEFORE, now, most_upstream=10))

    def test_a_server_that_holds_what_it_held_is_fine(self):
        self.assertEqual(self.left(descriptors=31, upstream_connections=10), [])

    def test_what_is_left_is_found(self):
        for leak in ({"descriptors": 40}, {"threads": 20}, {"upstream_connections": 11}):
            with self.subTest(leak):
                self.assertEqual([violation.promise for violation in self.left(**leak)], ["I6"])


class EvidenceTest(unittest.TestCase):
    def test_a_violation_shows_both_books_lines_in_the_order_of_time(self):
        posts, attempts = [post("b", 1.1), post("a", 1.0)], [attempt("a"), attempt("b", started=1.05)]
        violation = next(found for found in check_all(posts, attempts, Circumstances()) if found.promise == "I1")
        self.assertEqual([line.split()[0] for line in violation.evidence], ["caller", "upstream", "caller", "upstream"])
        self.assertIn('"trace": "a"', violation.evidence[0])

    def test_a_post_is_read_back_as_it_was_written(self):
        for written in (post("a"), post("b", verdict=Verdict.UNKNOWN, is_read=False, status=502, created=True)):
            self.assertEqual(list(read_posts([to_line(written)])), [written])


class CourseTest(unittest.TestCase):
    KINDS = {"server-0": storm.SERVER, "server-1": storm.SERVER, "redis": storm.REDIS, "upstream": storm.UPSTREAM}

    def test_a_seed_gives_one_course(self):
        self.assertEqual(storm.course("1", 60, self.KINDS), storm.course("1", 60, self.KINDS))
        self.assertNotEqual(storm.course("1", 60, self.KINDS), storm.course("2", 60, self.KINDS))

    def test_every_target_is_disturbed_one_thing_at_a_time_and_left_in_peace_at_the_end(self):
        course = storm.course("1", 60, self.KINDS)
        for target in self.KINDS:
            of_target = [disturbance for disturbance in course if disturbance.target == target]
            self.assertGreater(len(of_target), 3)
            for one, next_one in zip(of_target, of_target[1:], strict=False):
                self.assertLess(one.at + one.length, next_one.at)
            self.assertLess(of_target[-1].at + of_target[-1].length, 60)


if __name__ == "__main__":
    unittest.main()
