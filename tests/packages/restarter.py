"""A gateway that is restarted, on its address, while a test calls it. A sandbox of its own counts what is opened.

A test asks for it by HTTP:

    GET /restart     ends the gateway by SIGTERM while it is called, starts another, and answers when that one is called, too
    GET /requests    nothing else

Both answer with the number of requests that the vendor got so far, such as {"requests": 12}.
"""
import http.server
import json
import threading
import time
import urllib.request

CALLS = 10  # that must arrive before the gateway ends, and again before it counts as restarted
PATIENCE = 60  # seconds, in which they must arrive


class Restarter:

    def __init__(self, sandbox, start_gateway):
        self.sandbox = sandbox
        self.start_gateway = start_gateway
        self.gateway = start_gateway({})
        self.address = self.gateway.address
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        restarter = self

        class Handler(http.server.BaseHTTPRequestHandler):

            def do_GET(self):
                if self.path == "/restart":
                    restarter.restart()
                body = json.dumps({"requests": restarter.requests()}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def restart(self):
        self.wait_for_calls()
        code = self.gateway.end()
        if code != 0:
            raise RuntimeError(f"the gateway ended with {code}:\n{self.gateway.output()}")
        self.gateway = self.start_gateway({"server.listen": self.address})
        self.wait_for_calls()

    def requests(self):
        with urllib.request.urlopen(f"{self.sandbox.address}/sandbox/stats") as reply:
            return json.load(reply)["seethepro"]["requests"]

    def wait_for_calls(self):
        wanted, end = self.requests() + CALLS, time.monotonic() + PATIENCE
        while self.requests() < wanted:
            if time.monotonic() > end:
                raise RuntimeError(f"the gateway was not called {CALLS} times")
            time.sleep(0.01)
