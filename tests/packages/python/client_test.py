"""The installed package interaction-gateway, blocking and for asyncio, against what tests/packages/world.py starts."""
import asyncio
import concurrent.futures
import json
import os
import pickle
import tempfile
import threading
import time
import unittest
import urllib.request
import uuid
from datetime import timedelta

import grpc
import interaction_gateway
from interaction_gateway import (AddWolkvoxInteractionRequest, CallError, Client, CreateVspInteractionRequest, Outcome,
                                 ServingStatus, TlsFiles)

GATEWAY, TLS_GATEWAY, SANDBOX, RELAY, IMPOSTOR, RESTARTED, CONTROL, NOBODY, FILES = (os.environ[name] for name in (
    "GATEWAY", "TLS_GATEWAY", "SANDBOX", "RELAY", "IMPOSTOR", "RESTARTED", "CONTROL", "NOBODY", "FILES"))
ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \x01\x7f end "

# How often a call is repeated, with one request_id, while the gateway is being restarted, and seconds between.
REPETITIONS, PAUSE = 600, 0.05


def vsp(**fields):
    return CreateVspInteractionRequest(**{
        "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
        "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0", **fields})


def cut_once():
    """A call whose connection the relay cuts while the gateway waits for the vendor; its next attempt gets through."""
    return vsp(interaction_identity=f"cut-once-{uuid.uuid4()}", interaction_name="sandbox:slow-1000")


def wolkvox(**fields):
    return AddWolkvoxInteractionRequest(**{
        "sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711", **fields})


def get(url):
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


def from_sandbox(path):
    return get(f"{SANDBOX}/sandbox/{path}")


def file(name):
    return os.path.join(FILES, name)


class Awaited:
    """An asyncio client whose calls a test can make as those of the other."""

    def __init__(self, runner, client):
        self.runner = runner
        self.client = client

    def __getattr__(self, name):
        return lambda *arguments, **options: self.runner.run_until_complete(
            getattr(self.client, name)(*arguments, **options))


class Tests:

    def works(self, column):
        """Says in the interop matrix that this cell works: tests/packages/interop_matrix.py."""
        if folder := os.environ.get("INTEROP_MATRIX"):
            with open(os.path.join(folder, self.row), "a", encoding="utf-8") as out:
                out.write(column + "\n")

    def fails(self, client, request, **options):
        with self.assertRaises(CallError) as caught:
            client.create_vsp_interaction(request, **options)
        return caught.exception

    def test_every_field_of_a_vsp_interaction_arrives(self):
        reply = self.connect(GATEWAY).create_vsp_interaction(vsp(interaction_name=ANY_TEXT), timeout=10)
        self.assertTrue(reply.message.interaction_id)
        self.assertTrue(reply.message.HasField("campaign_key"))
        (request,) = from_sandbox("requests?last=1")
        self.assertEqual(json.loads(request["body"])["InteractionName"], ANY_TEXT)
        self.works("Unicode")

    def test_every_field_of_a_wolkvox_interaction_arrives(self):
        reply = self.connect(GATEWAY).add_wolkvox_interaction(wolkvox(body=ANY_TEXT))
        self.assertEqual(reply.message.code, 201)
        (request,) = from_sandbox("requests?last=1")
        self.assertEqual(json.loads(request["body"])["body"], ANY_TEXT)
        self.works("both RPCs")

    def test_a_call_gets_a_request_id_by_which_it_can_be_repeated(self):
        client, request = self.connect(GATEWAY), vsp()
        first = client.create_vsp_interaction(request)
        self.assertEqual(uuid.UUID(first.request_id).version, 4)
        self.assertEqual(request.request_id, "", "the caller's request is left as it is")
        again = client.create_vsp_interaction(vsp(request_id=first.request_id))
        self.assertEqual((first.replayed, again.replayed), (False, True))
        self.assertEqual(again.message.interaction_id, first.message.interaction_id)
        self.works("replay")
        another = client.create_vsp_interaction(request)
        self.assertNotEqual(another.message.interaction_id, first.message.interaction_id)

    def test_an_error_names_every_field_that_is_wrong(self):
        error = self.fails(self.connect(GATEWAY), CreateVspInteractionRequest(account_id="12"))
        self.assertEqual(error.code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual((error.reason, error.domain), ("INVALID_REQUEST", interaction_gateway.DOMAIN))
        self.assertEqual((error.outcome, error.phase, error.upstream), (Outcome.NOT_APPLIED, "validate", "seethepro"))
        self.works("ErrorInfo")
        self.assertEqual({violation.field for violation in error.field_violations},
                         {"interaction_identity", "interaction_name", "account_id", "contact_id"})
        self.works("BadRequest")
        self.assertIn("account_id: must be a GUID", str(error))
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), str(error))

    def test_an_error_says_when_to_call_again(self):
        error = self.fails(self.connect(GATEWAY), vsp(interaction_name="sandbox:rate-limited"), timeout=3)
        self.assertEqual((error.reason, error.retry_delay), ("UPSTREAM_RATE_LIMITED", timedelta(seconds=7)))
        self.works("RetryInfo")

    def test_an_error_says_what_is_used_up(self):
        request = wolkvox(wolkvox_server="0043", wolkvox_token="exhausted-token")
        with self.assertRaises(CallError) as caught:
            self.connect(GATEWAY).add_wolkvox_interaction(request)
        error = caught.exception
        self.assertEqual((error.reason, error.upstream), ("UPSTREAM_DAILY_QUOTA", "wolkvox"))
        (violation,) = error.quota_violations
        self.assertEqual(violation.subject, "uses of the wolkvox token a day")
        self.works("QuotaFailure")

    def test_an_error_says_what_the_operator_must_check(self):
        error = self.fails(self.connect(GATEWAY), vsp(interaction_name="sandbox:unauthorized"))
        self.assertEqual(error.code, grpc.StatusCode.FAILED_PRECONDITION)
        (violation,) = error.precondition_violations
        self.assertEqual((violation.type, violation.subject),
                         ("UPSTREAM_CREDENTIALS_REJECTED", "the gateway's credential for the upstream"))
        self.works("PreconditionFailure")

    def test_an_unknown_outcome_is_told(self):
        error = self.fails(self.connect(GATEWAY), vsp(interaction_name="sandbox:reset"))
        self.assertEqual((error.reason, error.outcome, error.phase), ("UPSTREAM_CONNECTION_LOST", Outcome.UNKNOWN, "wait"))
        self.assertEqual(error.metadata["requestId"], error.request_id)

    def test_a_deadline_that_passes_leaves_the_outcome_unknown(self):
        begin = time.monotonic()
        error = self.fails(self.connect(GATEWAY), vsp(interaction_name="sandbox:timeout"), timeout=0.5)
        self.assertEqual((error.code, error.outcome), (grpc.StatusCode.DEADLINE_EXCEEDED, Outcome.UNKNOWN))
        self.assertLess(time.monotonic() - begin, 5)
        self.works("deadline")

    def test_the_default_timeout_is_the_clients(self):
        client = self.connect(GATEWAY, default_timeout=0.5)
        self.assertEqual(self.fails(client, vsp(interaction_name="sandbox:timeout")).code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_without_a_connection_nothing_was_sent(self):
        error = self.fails(self.connect(NOBODY), vsp())
        self.assertEqual((error.code, error.reason, error.outcome),
                         (grpc.StatusCode.UNAVAILABLE, interaction_gateway.GATEWAY_UNREACHABLE, Outcome.NOT_APPLIED))
        self.assertTrue(error.request_id)

    def test_an_answer_that_is_not_the_gateways_leaves_the_outcome_unknown(self):
        client = self.connect(IMPOSTOR)
        for name in ("proxy-PERMISSION_DENIED", "proxy-UNAVAILABLE", "foreign", "garbage"):
            with self.subTest(name):
                error = self.fails(client, vsp(interaction_name=name))
                self.assertEqual((error.reason, error.domain, error.outcome),
                                 (interaction_gateway.NO_ANSWER_FROM_GATEWAY, interaction_gateway.CLIENT_DOMAIN, Outcome.UNKNOWN))

    def attempts(self, error):
        return error.metadata["attempt"]

    def test_unavailable_is_tried_three_times_with_one_request_id(self):
        client = self.connect(IMPOSTOR)
        self.assertEqual(client.create_vsp_interaction(vsp(interaction_name="attempts-3")).message.interaction_id, "3")
        self.assertEqual(self.attempts(self.fails(client, vsp(interaction_name="attempts-4"))), "3")

    def test_a_refused_attempt_does_not_hide_that_an_earlier_one_got_no_answer(self):
        error = self.fails(self.connect(IMPOSTOR), vsp(interaction_name="lost"))
        self.assertEqual((error.reason, error.outcome), ("OVERLOADED", Outcome.UNKNOWN))

    def test_when_most_calls_fail_none_is_tried_again(self):
        client = self.connect(IMPOSTOR)
        attempts = [self.attempts(self.fails(client, vsp(interaction_name="attempts-9"))) for _ in range(3)]
        self.assertEqual(attempts, ["3", "2", "1"])  # of 10 tokens, more than 5 must be left

    def test_a_call_that_the_gateway_forbids_to_repeat_is_sent_once(self):
        self.assertEqual(self.attempts(self.fails(self.connect(IMPOSTOR), vsp(interaction_name="pushback"))), "1")

    def test_a_call_without_request_id_is_sent_once(self):
        client = self.connect(IMPOSTOR, make_request_id=False)
        error = self.fails(client, vsp(interaction_name="attempts-2", interaction_identity=str(uuid.uuid4())))
        self.assertEqual((self.attempts(error), error.request_id), ("1", ""))
        reply = client.create_vsp_interaction(vsp(interaction_name="attempts-2", request_id=str(uuid.uuid4())))
        self.assertEqual(reply.message.interaction_id, "2")

    def test_without_the_service_config_a_call_is_sent_once(self):
        client = self.connect(IMPOSTOR, default_service_config=False)
        self.assertEqual(self.attempts(self.fails(client, vsp(interaction_name="attempts-2"))), "1")

    def test_a_connection_that_breaks_at_work_opens_nothing_twice(self):
        before = from_sandbox("stats")["seethepro"]["requests"]
        reply = self.connect(RELAY).create_vsp_interaction(cut_once())
        self.assertTrue(reply.message.interaction_id)
        self.assertTrue(reply.replayed, "the answer to the first attempt")
        self.assertEqual(from_sandbox("stats")["seethepro"]["requests"] - before, 1)
        self.works("retry")

    def test_a_connection_that_breaks_at_work_leaves_the_outcome_unknown_without_request_id(self):
        client = self.connect(RELAY, make_request_id=False)
        error = self.fails(client, cut_once())
        self.assertEqual((error.code, error.reason, error.outcome),
                         (grpc.StatusCode.UNAVAILABLE, interaction_gateway.NO_ANSWER_FROM_GATEWAY, Outcome.UNKNOWN))

    def test_who_calls_is_said_by_certificate_token_or_api_key(self):
        ca = file("ca.pem")
        for column, proof in {
                "mutual TLS": {"tls": TlsFiles(ca=ca, certificate=file("billing.pem"), key=file("billing.key"))},
                "token": {"tls": TlsFiles(ca=ca), "token_file": file("token")},
                "TLS": {"tls": TlsFiles(ca=ca), "api_key_file": file("api-key")}}.items():
            with self.subTest(proof):
                client = self.connect(TLS_GATEWAY, **proof)
                self.assertTrue(client.create_vsp_interaction(vsp()).message.interaction_id)
                self.assertEqual(client.add_wolkvox_interaction(wolkvox()).message.code, 201)
                self.works(column)

    def test_who_does_not_say_who_calls_is_refused(self):
        error = self.fails(self.connect(TLS_GATEWAY, tls=TlsFiles(ca=file("ca.pem"))), vsp())
        self.assertEqual((error.code, error.reason), (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNAUTHENTICATED"))

    def test_a_gateway_of_another_authority_is_not_sent_anything(self):
        error = self.fails(self.connect(TLS_GATEWAY, tls=TlsFiles(), token_file=file("token")), vsp())
        self.assertEqual(error.reason, interaction_gateway.GATEWAY_UNREACHABLE)

    def test_a_token_is_read_anew_for_each_call(self):
        with tempfile.TemporaryDirectory() as folder:
            token = os.path.join(folder, "token")

            def replace(name):
                with open(file(name), "rb") as source, open(token, "wb") as copy:
                    copy.write(source.read() + b"\n")

            replace("expired-token")
            client = self.connect(TLS_GATEWAY, tls=TlsFiles(ca=file("ca.pem")), token_file=token)
            self.assertEqual(self.fails(client, vsp()).reason, "CALLER_UNAUTHENTICATED")
            replace("token")
            self.assertTrue(client.create_vsp_interaction(vsp()).message.interaction_id)
            os.unlink(token)
            error = self.fails(client, vsp())
            self.assertEqual((error.reason, error.outcome), (interaction_gateway.CREDENTIAL_UNREADABLE, Outcome.NOT_APPLIED))
            self.assertIn(token, error.message)

    def test_metadata_is_sent_or_refused_by_name(self):
        client = self.connect(GATEWAY)
        key = str(uuid.uuid4())
        metadata = [("idempotency-key", key)]
        self.assertTrue(client.create_vsp_interaction(vsp(request_id=key), metadata=metadata).message.interaction_id)
        for name, value in (("grpc-timeout", "1S"), ("Upper", "x"), ("text", "line\nline"), ("", "x"), ("some-bin", "text")):
            with self.subTest(name):
                error = self.fails(client, vsp(), metadata=[(name, value)])
                self.assertEqual((error.reason, error.outcome), (interaction_gateway.ILLEGAL_METADATA, Outcome.NOT_APPLIED))
                self.assertIn(name, error.message)

    def test_health(self):
        client = self.connect(GATEWAY)
        self.assertIs(client.check_health(), ServingStatus.SERVING)
        self.assertIs(client.check_health("interaction.v1.InteractionService"), ServingStatus.SERVING)
        with self.assertRaises(CallError) as caught:
            client.check_health("nobody")
        self.assertEqual(caught.exception.code, grpc.StatusCode.NOT_FOUND)
        with self.assertRaises(CallError) as caught:
            self.connect(NOBODY).check_health()
        self.assertEqual(caught.exception.reason, interaction_gateway.GATEWAY_UNREACHABLE)

    def test_what_cannot_work_is_refused_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            blank = os.path.join(folder, "blank")
            with open(blank, "w", encoding="ascii") as out:
                out.write("two words")
            for part, options in {
                    "the port is missing; for example gateway:50051": {"target": "gateway"},
                    "a URL is not accepted here; for example gateway:443": {"target": "https://gateway:443/x"},
                    "the port must be a number": {"target": "gateway:70000"},
                    "brackets": {"target": "::1:50051"},
                    "no address": {"target": ""},
                    "cannot be used together": {"token_file": file("token"), "api_key_file": file("api-key")},
                    "a token is not sent to gateway:50051 without TLS":
                        {"target": "gateway:50051", "token_file": file("token")},
                    "an API key is not sent to 127.evil.example:50051 without TLS":
                        {"target": "127.evil.example:50051", "api_key_file": file("api-key")},
                    "does not hold a token alone": {"token_file": blank},
                    "must be given together": {"tls": TlsFiles(certificate=file("billing.pem"))},
                    "does not contain PEM certificates": {"tls": TlsFiles(ca=blank)},
                    "are not a PEM certificate and its key":
                        {"tls": TlsFiles(certificate=file("billing.pem"), key=file("sales.key"))},
            }.items():
                with self.subTest(part), self.assertRaisesRegex(ValueError, part):
                    self.connect(**{"target": GATEWAY, **options})
            for options in ({"token_file": "/nowhere"}, {"tls": TlsFiles(ca="/nowhere")}):
                with self.assertRaises(FileNotFoundError):
                    self.connect(GATEWAY, **options)

    def test_a_token_is_sent_to_this_machine_without_tls(self):
        reply = self.connect(GATEWAY, token_file=file("token")).create_vsp_interaction(vsp())
        self.assertTrue(reply.message.interaction_id)

    def opened_once(self, ids, before):
        """Each call that was answered after a restart has an interaction of its own, and no other was opened."""
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(get(f"{CONTROL}/requests")["requests"] - before, len(ids))
        self.works("restart")


class BlockingTest(Tests, unittest.TestCase):
    row = "Python"

    def connect(self, target, **options):
        client = Client.connect(target, **options)
        self.addCleanup(client.close)
        return client

    def test_threads_share_a_client(self):
        client = self.connect(GATEWAY)
        ids = []
        threads = [threading.Thread(target=lambda: ids.append(client.create_vsp_interaction(vsp()).message.interaction_id))
                   for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual(len(set(ids)), 20)

    def test_a_restart_under_load_opens_each_call_once(self):
        client, ids, over = self.connect(RESTARTED), [], threading.Event()
        before = get(f"{CONTROL}/requests")["requests"]

        def opens(request):
            for _ in range(REPETITIONS):
                try:
                    return client.create_vsp_interaction(request).message.interaction_id
                except CallError as error:
                    self.assertEqual(error.code, grpc.StatusCode.UNAVAILABLE, str(error))
                    time.sleep(PAUSE)
            self.fail("the gateway did not come back")

        def keep_calling():
            while not over.is_set():
                ids.append(opens(vsp(request_id=str(uuid.uuid4()))))

        with concurrent.futures.ThreadPoolExecutor() as pool:
            callers = [pool.submit(keep_calling) for _ in range(4)]
            try:
                get(f"{CONTROL}/restart")
            finally:
                over.set()
        for caller in callers:
            caller.result()
        self.opened_once(ids, before)

    def test_close_cancels_a_call_whose_outcome_is_then_unknown(self):
        client = Client.connect(GATEWAY)
        client.create_vsp_interaction(vsp())
        before = from_sandbox("stats")["seethepro"]["requests"]
        ended = []
        thread = threading.Thread(target=lambda: ended.append(self.fails(client, vsp(interaction_name="sandbox:timeout"))))
        thread.start()
        while from_sandbox("stats")["seethepro"]["requests"] == before:
            pass
        client.close()
        thread.join(20)
        (error,) = ended
        self.assertEqual((error.code, error.outcome), (grpc.StatusCode.CANCELLED, Outcome.UNKNOWN))
        get(f"{CONTROL}/cancelled/{error.request_id}")
        self.works("cancel")


class AsyncioTest(Tests, unittest.TestCase):
    row = "Python asyncio"

    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)

    def connect(self, target, **options):
        async def make():
            return interaction_gateway.aio.Client.connect(target, **options)

        client = Awaited(self.loop, self.loop.run_until_complete(make()))
        self.addCleanup(client.close)
        return client

    def test_calls_go_side_by_side(self):
        async def run():
            async with interaction_gateway.aio.Client.connect(GATEWAY) as client:
                return await asyncio.gather(*(client.create_vsp_interaction(vsp()) for _ in range(20)))

        self.assertEqual(len({reply.message.interaction_id for reply in self.loop.run_until_complete(run())}), 20)

    def test_a_task_that_is_cancelled_cancels_its_call(self):
        async def run():
            async with interaction_gateway.aio.Client.connect(GATEWAY) as client:
                await client.create_vsp_interaction(vsp())
                before = from_sandbox("stats")["seethepro"]["requests"]
                request = vsp(interaction_name="sandbox:timeout", request_id=str(uuid.uuid4()))
                task = asyncio.create_task(client.create_vsp_interaction(request))
                while from_sandbox("stats")["seethepro"]["requests"] == before:
                    await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await asyncio.to_thread(get, f"{CONTROL}/cancelled/{request.request_id}")

        self.loop.run_until_complete(run())
        self.works("cancel")

    def test_a_restart_under_load_opens_each_call_once(self):
        async def run():
            async with interaction_gateway.aio.Client.connect(RESTARTED) as client:
                restart = asyncio.create_task(asyncio.to_thread(get, f"{CONTROL}/restart"))

                async def opens(request):
                    for _ in range(REPETITIONS):
                        try:
                            return (await client.create_vsp_interaction(request)).message.interaction_id
                        except CallError as error:
                            self.assertEqual(error.code, grpc.StatusCode.UNAVAILABLE, str(error))
                            await asyncio.sleep(PAUSE)
                    self.fail("the gateway did not come back")

                async def keep_calling():
                    ids = []
                    while not restart.done():
                        ids.append(await opens(vsp(request_id=str(uuid.uuid4()))))
                    return ids

                ids = await asyncio.gather(*(keep_calling() for _ in range(4)))
                await restart
                return [one for some in ids for one in some]

        before = get(f"{CONTROL}/requests")["requests"]
        self.opened_once(self.loop.run_until_complete(run()), before)


if __name__ == "__main__":
    unittest.main()
