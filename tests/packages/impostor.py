"""A gRPC server that answers in the gateway's place, as a proxy does, and one whose answers a test chooses.

The interaction_name of a request says what becomes of it:

    attempts-N     UNAVAILABLE, as the gateway says it, until the N-th attempt with the same request_id, which is answered
    pushback       UNAVAILABLE, as the gateway says it, which forbids another attempt
    proxy-CODE     that code, without ErrorInfo
    lost           UNAVAILABLE, without ErrorInfo at the first attempt, as a broken connection looks; as the gateway says it at the next
    foreign        UNAVAILABLE, with an ErrorInfo of somebody else that says "not_applied"
    garbage        UNAVAILABLE, with bytes that are no google.rpc.Status

The interaction_id of an answer is the number of attempts.
"""
import collections
import concurrent.futures
import os
import sys
import tempfile

import grpc
import grpc_tools.protoc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SERVICE = "interaction.v1.InteractionService"


def load_messages():
    with tempfile.TemporaryDirectory() as folder:
        proto = "interaction/v1/interaction_service.proto"
        if grpc_tools.protoc.main(["", f"-I{ROOT}/proto", f"--python_out={folder}", proto]) != 0:
            raise RuntimeError("protoc failed")
        sys.path.insert(0, folder)
        try:
            from interaction.v1 import interaction_service_pb2
        finally:
            sys.path.remove(folder)
    return interaction_service_pb2


class Impostor:

    def __init__(self):
        self.messages = load_messages()
        self.attempts = collections.Counter()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        method = grpc.unary_unary_rpc_method_handler(
            self.create_vsp_interaction, self.messages.CreateVspInteractionRequest.FromString,
            self.messages.CreateVspInteractionResponse.SerializeToString)
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"CreateVspInteraction": method}),))
        self.address = "127.0.0.1:%d" % self.server.add_insecure_port("127.0.0.1:0")

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(0)

    def create_vsp_interaction(self, request, context):
        what, _, value = request.interaction_name.partition("-")
        key = (request.interaction_name, request.interaction_identity, request.request_id)
        self.attempts[key] += 1
        attempt = self.attempts[key]
        if what == "proxy":
            context.abort(grpc.StatusCode[value], "The proxy says no.")
        if what == "lost" and attempt == 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer.")
        if what == "garbage":
            context.set_trailing_metadata([("grpc-status-details-bin", b"\xff\xff\xff")])
            context.abort(grpc.StatusCode.UNAVAILABLE, "Overloaded.")
        if what == "foreign":
            self.fail(context, error_details_pb2.ErrorInfo(reason="X", domain="proxy.test", metadata={"outcome": "not_applied"}))
        if what in ("pushback", "lost") or attempt < int(value):
            info = error_details_pb2.ErrorInfo(
                reason="OVERLOADED", domain=SERVICE, metadata={"outcome": "not_applied", "attempt": str(attempt)})
            self.fail(context, info, [("grpc-retry-pushback-ms", "-1")] if what == "pushback" else [])
        return self.messages.CreateVspInteractionResponse(interaction_id=str(attempt))

    def fail(self, context, info, trailers=()):
        detail = any_pb2.Any()
        detail.Pack(info)
        status = status_pb2.Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="Overloaded.", details=[detail])
        context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString()), *trailers])
        context.abort(grpc.StatusCode.UNAVAILABLE, "Overloaded.")
