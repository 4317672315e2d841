"""Free ports that stay free for their owner."""

import socket


def bind_loopback(port: int = 0) -> socket.socket:
    """A socket bound to a port of 127.0.0.1, a free one unless told.

    As long as it does not listen, others may bind the port as well if they allow the reuse of addresses, and one of
    them may listen. So a socket that never listens holds a port for a program that comes and goes, and while nobody
    listens, connections to it are refused.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
