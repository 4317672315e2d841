"""Client of the Interaction Gateway: opens interactions at SeeThePro and wolkvox, and says after every call whether one
was opened. `Client` blocks; `interaction_gateway.aio.Client` is for asyncio."""

from importlib.metadata import version as _version

from . import aio
from ._call import Reply, ServingStatus, new_request_id
from ._client import Client
from ._errors import (
    CLIENT_DOMAIN,
    CREDENTIAL_UNREADABLE,
    DOMAIN,
    GATEWAY_UNREACHABLE,
    ILLEGAL_METADATA,
    NO_ANSWER_FROM_GATEWAY,
    CallError,
    FieldViolation,
    Outcome,
    PreconditionViolation,
    QuotaViolation,
)
from ._options import TlsFiles
from .v1.interaction_service_pb2 import (
    AddWolkvoxInteractionRequest,
    AddWolkvoxInteractionResponse,
    CreateVspInteractionRequest,
    CreateVspInteractionResponse,
)

__version__ = _version("interaction-gateway")

__all__ = [
    "AddWolkvoxInteractionRequest",
    "AddWolkvoxInteractionResponse",
    "CLIENT_DOMAIN",
    "CREDENTIAL_UNREADABLE",
    "CallError",
    "Client",
    "CreateVspInteractionRequest",
    "CreateVspInteractionResponse",
    "DOMAIN",
    "FieldViolation",
    "GATEWAY_UNREACHABLE",
    "ILLEGAL_METADATA",
    "NO_ANSWER_FROM_GATEWAY",
    "Outcome",
    "PreconditionViolation",
    "QuotaViolation",
    "Reply",
    "ServingStatus",
    "TlsFiles",
    "aio",
    "new_request_id",
]
