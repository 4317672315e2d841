"""A relay in front of a gateway that cuts a connection while the gateway is at work."""
import json
import re
import socket
import threading
import time
import urllib.request

MARK = re.compile(rb"cut-once-[0-9a-f-]{36}")


class CuttingRelay:
    """Passes on what comes, until it sees a field of a request that says `cut-once-UUID` with a UUID for the first time. Then
    it waits until the sandbox has read that request, and cuts the connection: so a call is cut at its first attempt, and
    its second, with the same field, gets through.
    """

    def __init__(self, gateway, sandbox):
        self.gateway = gateway.rpartition(":")
        self.sandbox = sandbox
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.seen = set()

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.gateway[0], int(self.gateway[2])))
            threading.Thread(target=self.copy, args=(client, server), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client), daemon=True).start()

    def copy(self, source, drain):
        try:
            while data := source.recv(65536):
                mark = MARK.search(data)
                new = mark is not None and mark[0] not in self.seen
                before = self.requests() if new else None
                drain.sendall(data)
                if new:
                    self.seen.add(mark[0])
                    while self.requests() == before:
                        time.sleep(0.01)
                    break
        except OSError:
            pass
        for end in (source, drain):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other direction, or the peer, was first
        source.close()

    def requests(self):
        with urllib.request.urlopen(f"{self.sandbox}/sandbox/stats") as reply:
            return json.load(reply)["seethepro"]["requests"]
