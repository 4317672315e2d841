"""What a test program of any language asks of the world by HTTP:

    GET /restart                 restarts the gateway on RESTARTED while it is called (restarter.py)
    GET /requests                how many requests the vendor got from that gateway: {"requests": 12}
    GET /cancelled/REQUEST_ID    waits until the gateway on GATEWAY has noticed that its caller cancelled this call after it was sent
"""
import http.server
import json
import threading


class Control:

    def __init__(self, restarter, wait_for_cancellation):
        routes = {
            "restart": lambda _: restarter.restart(),
            "requests": lambda _: {"requests": restarter.requests()},
            "cancelled": wait_for_cancellation,
        }

        class Handler(http.server.BaseHTTPRequestHandler):

            def do_GET(self):
                _, name, *rest = self.path.split("/")
                body = json.dumps(routes[name]("/".join(rest)) or {}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
