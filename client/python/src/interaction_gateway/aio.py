"""The client for asyncio: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Optional

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ._call import Call, Deadline, Message, Metadata, Reply, Request, ServingStatus, checked, health_error, serving_status
from ._options import Options, Path, TlsFiles
from ._retry import Retry
from .v1 import interaction_service_pb2 as pb
from .v1 import interaction_service_pb2_grpc as services

__all__ = ["Client"]


class _Route:
    """A channel and what is called over it. It connects when it is first used."""

    def __init__(self, options: Options, credentials: Optional[grpc.ChannelCredentials]):
        arguments = options.channel_arguments()
        self.channel: Any = (
            grpc.aio.insecure_channel(options.target, arguments)
            if credentials is None
            else grpc.aio.secure_channel(options.target, credentials, arguments)
        )
        self.service: Any = services.InteractionServiceStub(self.channel)
        self.health: Any = health_pb2_grpc.HealthStub(self.channel)

    async def ensure_connected(self, call: Call[Any]) -> None:
        """Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm."""
        if self.channel.get_state() is grpc.ChannelConnectivity.READY:
            return
        try:
            await self.health.Check(
                health_pb2.HealthCheckRequest(), timeout=call.deadline.left(), metadata=call.given_metadata
            )
        except grpc.RpcError as error:
            unreachable = call.unreachable(error)
            if unreachable is not None:
                raise unreachable from error


class Client:
    """interaction_gateway.Client for asyncio. Belongs to the event loop in which it is made.

    A task that is cancelled cancels its call, whose outcome is then unknown: give the request a request_id, of
    new_request_id(), to be able to send it again.
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
        """As interaction_gateway.Client.connect."""
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

    async def create_vsp_interaction(
        self,
        request: pb.CreateVspInteractionRequest,
        *,
        timeout: Optional[float] = None,
        metadata: Metadata = (),
    ) -> Reply[pb.CreateVspInteractionResponse]:
        """Opens a video interaction at SeeThePro. Raises CallError."""
        return await self._call(lambda service: service.CreateVspInteraction, request, timeout, metadata)

    async def add_wolkvox_interaction(
        self,
        request: pb.AddWolkvoxInteractionRequest,
        *,
        timeout: Optional[float] = None,
        metadata: Metadata = (),
    ) -> Reply[pb.AddWolkvoxInteractionResponse]:
        """Routes an atypical interaction to a contact-centre agent at wolkvox. Raises CallError."""
        return await self._call(lambda service: service.AddWolkvoxInteraction, request, timeout, metadata)

    async def check_health(
        self, service: str = "", *, timeout: Optional[float] = None, metadata: Metadata = ()
    ) -> ServingStatus:
        """Asks grpc.health.v1.Health: about the gateway as a whole, or a service; one that it does not know is NOT_FOUND."""
        deadline = Deadline(self._options, timeout)
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            response = await self._route.health.Check(request, timeout=deadline.left(), metadata=checked(metadata, ""))
        except grpc.RpcError as error:
            raise health_error(error) from error
        return serving_status(response)

    async def close(self) -> None:
        """Cancels the calls under way, whose outcome is then unknown, and closes the connections."""
        await self._route.channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close()

    async def _call(
        self,
        method_of: Callable[[Any], Any],
        request: Request,
        timeout: Optional[float],
        metadata: Metadata,
    ) -> Reply[Message]:
        call = Call(self._options, self._retry, request, timeout, metadata)
        await self._route.ensure_connected(call)
        while True:
            sent = method_of(self._route.service)(call.request, timeout=call.deadline.left(), metadata=call.metadata)
            try:
                return call.reply(await sent, await sent.trailing_metadata())
            except grpc.RpcError as error:
                failed, wait = call.failed(error)
                if wait is None:
                    raise failed from error
            await asyncio.sleep(wait)
