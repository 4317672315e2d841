"""How a gateway is reached, and what is checked of it before anything is sent, because gRPC does not."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional, Union

import grpc

from ._retry import service_config_of_grpc

Path = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of a TLS connection. They are read once, when the client is made."""

    ca: Optional[Path] = None
    """Whom to trust; None: the authorities that gRPC brings."""
    certificate: Optional[Path] = None
    """The client's own chain and key, for mutual TLS: both or neither."""
    key: Optional[Path] = None


@dataclass(frozen=True)
class Options:
    target: str
    tls: Optional[TlsFiles]
    token_file: Optional[Path]
    api_key_file: Optional[Path]
    default_timeout: float
    default_service_config: bool
    make_request_id: bool
    user_agent_prefix: str

    def check(self) -> None:
        check_target(self.target)
        if not self.default_timeout > 0:
            raise ValueError(f"default_timeout must be a number of seconds above 0, not {self.default_timeout}")
        if self.token_file is not None and self.api_key_file is not None:
            raise ValueError("a token and an API key cannot be used together; give one of them")
        if self.token_file is None and self.api_key_file is None:
            return
        if self.tls is None and not is_on_this_machine(self.target):
            what = "an API key" if self.token_file is None else "a token"
            raise ValueError(
                f"{what} is not sent to {self.target} without TLS, because others could read it on the way"
            )
        self.credential()

    def credential(self) -> tuple[tuple[str, str], ...]:
        """The metadata that says who the caller is: read anew for each call, because tokens are replaced."""
        if self.token_file is not None:
            return (("authorization", "Bearer " + read_credential(self.token_file, "a token")),)
        if self.api_key_file is not None:
            return (("x-api-key", read_credential(self.api_key_file, "an API key")),)
        return ()

    def channel_arguments(self) -> list[tuple[str, Union[str, int]]]:
        arguments: list[tuple[str, Union[str, int]]] = [("grpc.enable_http_proxy", 0)]
        if self.user_agent_prefix:
            arguments.append(("grpc.primary_user_agent", self.user_agent_prefix))
        if self.default_service_config:
            arguments.append(("grpc.service_config", service_config_of_grpc()))
        return arguments

    def channel_credentials(self) -> Optional[grpc.ChannelCredentials]:
        """None stands for plaintext."""
        if self.tls is None:
            return None
        ca, certificate, key = (None if path is None else read_file(path) for path in read_order(self.tls))
        check_certificates(self.tls)
        return grpc.ssl_channel_credentials(ca, key, certificate)


def read_order(tls: TlsFiles) -> tuple[Optional[Path], Optional[Path], Optional[Path]]:
    if (tls.certificate is None) != (tls.key is None):
        raise ValueError("a client certificate and its key must be given together")
    return tls.ca, tls.certificate, tls.key


def read_file(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def check_certificates(tls: TlsFiles) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is not None:
        try:
            context.load_verify_locations(tls.ca)
        except ssl.SSLError as error:
            raise ValueError(f"{os.fspath(tls.ca)} does not contain PEM certificates") from error
    if tls.certificate is not None and tls.key is not None:
        try:
            # A key with a passphrase is one that cannot be read: nobody is asked for it on the terminal.
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
        except ssl.SSLError as error:
            raise ValueError(
                f"{os.fspath(tls.certificate)} and {os.fspath(tls.key)} are not a PEM certificate and its key"
                f" without a passphrase: {error.reason or error}"
            ) from error


def read_credential(path: Path, what: str) -> str:
    value = read_file(path).decode("latin-1")
    if value.endswith("\n"):
        value = value[:-1].removesuffix("\r")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError(
            f"{os.fspath(path)} does not hold {what} alone: printable characters without blanks, on one line"
        )
    return value


def is_on_this_machine(target: str) -> bool:
    """Whether what is sent to the target stays on this machine."""
    for scheme in ("dns:///", "dns:", "ipv4:", "ipv6:"):
        if target.startswith(scheme):
            target = target[len(scheme) :]
            break
    starts = ("unix:", "unix-abstract:", "localhost:", "[::1]:")
    return "," not in target and (target.startswith(starts) or is_loopback_v4(target))


def is_loopback_v4(target: str) -> bool:
    try:
        return ipaddress.IPv4Address(target.rpartition(":")[0]).is_loopback
    except ValueError:
        return False


def check_target(target: str) -> None:
    if not target:
        raise ValueError("no address; for example 127.0.0.1:50051")
    url = re.match(r"(https?|grpcs?)://([^/]*)", target)
    if url:
        host = url[2] if re.search(r":\d+$", url[2]) else url[2] + ":50051"
        raise wrong(target, "a URL is not accepted here", host)
    for scheme in ("unix:", "unix-abstract:", "vsock:", "xds:", "google-c2p:"):
        if target.startswith(scheme):
            if not target[len(scheme) :].lstrip("/"):
                raise wrong(target, "the path is missing", "unix:/run/interaction.sock")
            return
    for address in addresses(target):
        check_host_port(target, address)


def addresses(target: str) -> Sequence[str]:
    """The host:port of a target, or each of several."""
    if target.startswith("dns:"):
        rest = target[len("dns:") :]
        return [rest[2:].partition("/")[2] if rest.startswith("//") else rest]
    if target.startswith(("ipv4:", "ipv6:")):
        return target[len("ipv4:") :].split(",")
    return [target]


def check_host_port(target: str, text: str) -> None:
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        host, port = text, ""
    if ":" in host and not host.startswith("["):
        raise wrong(target, "the IPv6 address has no brackets", "[::1]:50051")
    if not host:
        raise wrong(target, "the host is missing", "127.0.0.1:50051")
    if host == text:
        raise wrong(target, "the port is missing", host + ":50051")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise wrong(target, "the port must be a number from 1 to 65535", host + ":50051")


def wrong(target: str, why: str, example: str) -> ValueError:
    return ValueError(f"'{target}' is not an address: {why}; for example {example}")
