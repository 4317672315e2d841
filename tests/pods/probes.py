"""kubelet's probes, as a manifest describes them."""
import asyncio

import grpc

SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse


async def ask(probe, address, ports, execute):
    """Whether the probe succeeds. address: of the Pod; ports: its named ports; execute: runs a command in the container for so many seconds at
    most, and says its exit code."""
    seconds = probe.get("timeoutSeconds", 1)
    if "exec" in probe:
        return await execute(probe["exec"]["command"], seconds) == 0
    try:
        async with asyncio.timeout(seconds):
            if "httpGet" in probe:
                return await get(address, number(probe["httpGet"]["port"], ports), probe["httpGet"].get("path", "/"))
            if "grpc" in probe:
                return await check_health(address, number(probe["grpc"]["port"], ports))
            raise NotImplementedError(f"a probe of this kind is not played: {probe}")
    except (OSError, TimeoutError, ValueError, grpc.aio.AioRpcError):
        return False


def number(port, ports):
    return ports[port] if isinstance(port, str) else port


async def get(address, port, path):
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nUser-Agent: kube-probe/1.34\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.readline()).split(b" ")
        return len(status) > 1 and 200 <= int(status[1]) < 400
    finally:
        writer.close()


async def check_health(address, port):
    async with grpc.aio.insecure_channel(f"{address}:{port}") as channel:
        return await channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == SERVING
