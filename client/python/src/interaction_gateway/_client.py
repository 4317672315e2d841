"""The client whose calls block."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Optional

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ._call import Call, Deadline, Message, Metadata, Reply, Request, ServingStatus, checked, health_error, serving_status
from ._errors import NO_ANSWER_FROM_GATEWAY
from ._options import Options, Path, TlsFiles
from ._retry import Retry
from .v1 import interaction_service_pb2 as pb
from .v1 import interaction_service_pb2_grpc as services

FRESH_SECONDS = 1.0


class _Route:
    """A channel and what is called over it. It connects when it is first used."""

    def __init__(self, options: Options, credentials: Optional[grpc.ChannelCredentials]):
        arguments = options.channel_arguments()
        self.channel: Any = (
            grpc.insecure_channel(options.target, arguments)
            if credentials is None
            else grpc.secure_channel(options.target, credentials, arguments)
        )
        self.service: Any = services.InteractionServiceStub(self.channel)
        self.health: Any = health_pb2_grpc.HealthStub(self.channel)
        self.answered_at = -math.inf  # when the gateway answered last

    def ensure_connected(self, call: Call[Any]) -> None:
        """Fails if there is no connection and none can be made. The health check goes ahead, of which two do no harm, unless
        there was an answer just now: a channel that blocks does not tell whether it has a connection."""
        if time.monotonic() - self.answered_at < FRESH_SECONDS:
            return
        try:
            self.health.Check(
                health_pb2.HealthCheckRequest(), timeout=call.deadline.left(), metadata=call.given_metadata
            )
        except grpc.RpcError as error:
            unreachable = call.unreachable(error)
            if unreachable is not None:
                raise unreachable from error
        self.answered_at = time.monotonic()

    def lost(self) -> None:
        """The next call asks first."""
        self.answered_at = -math.inf


class Client:
    """Calls an Interaction Gateway. Thread-safe; a call blocks its thread until it has an answer or its time is over.

    Connections. A call asks grpc.health.v1.Health first, unless the gateway answered within the last second, and goes on
    if that is answered, whatever the answer. If it is not, the error is GATEWAY_UNREACHABLE: the call itself was not
    sent. A connection that is lost within that second makes it NO_ANSWER_FROM_GATEWAY, since nobody can tell.

    Retries. A call gets a request_id, unless it has one, and is tried at most 3 times, only after UNAVAILABLE, as
    service_config.json of the package says. The gateway makes one of them. A call without request_id is sent once.

    Proxies of the environment (http_proxy) are not used.
    """

    def __init__(self, options: Options):
        options.check()
        self._options = options
        credentials = options.channel_credentials()
        self._route = _Route(options, credentials)
        self._retry = Retry() if options.default_service_config else None

    @classmethod
    def connect(
        cls,
        target: str,
        *,
        tls: Optional[TlsFiles] = None,
        token_file: Optional[Path] = None,
        api_key_file: Optional[Path] = None,
        default_timeout: float = 30.0,
        default_service_config: bool = True,
        make_request_id: bool = True,
        user_agent_prefix: str = "",
    ) -> Client:
        """Reads the TLS files and prepares the channels; the first call connects.

        target: a gRPC name: "host:port", "dns:///host:port", "unix:/path"
        tls: None is plaintext
        token_file, api_key_file: who the caller is, where the gateway asks for it and no client certificate says so: a
            file with a bearer token (JWT) or with an API key. Read anew for each call; sent with TLS only, or to this
            machine
        default_timeout: seconds for a call that is given no timeout
        default_service_config: False: gRPC's own defaults, no retries
        make_request_id: False: a call has the request_id that its request has, and without one it is sent once

        ValueError: what was given cannot work. OSError: a file cannot be read.
        """
        return cls(
            Options(
                target,
                tls,
                token_file,
                api_key_file,
                default_timeout,
                default_service_config,
                make_request_id,
                user_agent_prefix,
            )
        )

    def create_vsp_interaction(
        self,
        request: pb.CreateVspInteractionRequest,
        *,
        timeout: Optional[float] = None,
        metadata: Metadata = (),
    ) -> Reply[pb.CreateVspInteractionResponse]:
        """Opens a video interaction at SeeThePro. Raises CallError."""
        return self._call(lambda service: service.CreateVspInteraction, request, timeout, metadata)

    def add_wolkvox_interaction(
        self,
        request: pb.AddWolkvoxInteractionRequest,
        *,
        timeout: Optional[float] = None,
        metadata: Metadata = (),
    ) -> Reply[pb.AddWolkvoxInteractionResponse]:
        """Routes an atypical interaction to a contact-centre agent at wolkvox. Raises CallError."""
        return self._call(lambda service: service.AddWolkvoxInteraction, request, timeout, metadata)

    def check_health(
        self, service: str = "", *, timeout: Optional[float] = None, metadata: Metadata = ()
    ) -> ServingStatus:
        """Asks grpc.health.v1.Health: about the gateway as a whole, or a service; one that it does not know is NOT_FOUND."""
        deadline = Deadline(self._options, timeout)
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            response = self._route.health.Check(request, timeout=deadline.left(), metadata=checked(metadata, ""))
        except grpc.RpcError as error:
            raise health_error(error) from error
        return serving_status(response)

    def close(self) -> None:
        """Cancels the calls under way, whose outcome is then unknown, and closes the connections."""
        self._route.channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _call(
        self,
        method_of: Callable[[Any], Any],
        request: Request,
        timeout: Optional[float],
        metadata: Metadata,
    ) -> Reply[Message]:
        call = Call(self._options, self._retry, request, timeout, metadata)
        self._route.ensure_connected(call)
        while True:
            try:
                message, ended = method_of(self._route.service).with_call(
                    call.request, timeout=call.deadline.left(), metadata=call.metadata
                )
            except grpc.RpcError as error:
                failed, wait = call.failed(error)
                if failed.reason == NO_ANSWER_FROM_GATEWAY:
                    self._route.lost()
                if wait is None:
                    raise failed from error
                time.sleep(wait)
                continue
            self._route.answered_at = time.monotonic()
            return call.reply(message, ended.trailing_metadata())
