"""A name server for one name with several addresses, as CoreDNS has for a headless Service."""
import asyncio
import socket
import struct

TYPE_A, CLASS_IN = 1, 1
ANSWER, NO_SUCH_NAME = 0x8400, 3
NAME_OF_THE_QUESTION = 0xC00C


class NameServer(asyncio.DatagramProtocol):
    """Answers with `addresses`, which may change at any time. All other names do not exist."""

    def __init__(self, name):
        self.name = name.encode()
        self.addresses = []

    async def serve(self):
        """Its address, host:port."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return "%s:%d" % self._transport.get_extra_info("sockname")

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, peer):
        try:
            self._transport.sendto(self._answer(data), peer)
        except (struct.error, IndexError):
            pass  # not a question

    def _answer(self, data):
        number, = struct.unpack("!H", data[:2])
        name, end = read_name(data, 12)
        kind, _ = struct.unpack("!HH", data[end:end + 4])
        known = name.rstrip(b".").lower() == self.name
        addresses = self.addresses if known and kind == TYPE_A else []
        head = struct.pack("!HHHHHH", number, ANSWER | (0 if known else NO_SUCH_NAME), 1, len(addresses), 0, 0)
        records = b"".join(struct.pack("!HHHIH", NAME_OF_THE_QUESTION, TYPE_A, CLASS_IN, 0, 4) + socket.inet_aton(address) for address in addresses)
        return head + data[12:end + 4] + records


def read_name(data, at):
    """The name at this place, and where it ends."""
    labels = []
    while length := data[at]:
        labels.append(data[at + 1:at + 1 + length])
        at += 1 + length
    return b".".join(labels), at + 1
