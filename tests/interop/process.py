"""Programs under test, which say in a line where they listen, and what they are started with."""
import json
import os
import re
import signal
import subprocess
import threading


def flags(settings):
    """Settings of the gateway as flags of its command line."""
    return [argument for key, value in settings.items() for argument in ("--set", f"{key}={value}")]


def write(folder, name, text):
    """Writes a file and returns its path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class Process:
    """A program that says in one line where it listens; what it writes is read as it comes."""

    def __init__(self, arguments, pattern, environment=None):
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=os.environ | (environment or {}))
        self.address = None
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line)
            match = re.search(pattern, line)
            if match:
                self.address = match.group(1)
                break
        if self.address is None:
            raise RuntimeError(f"{arguments[0]} did not say where it listens")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with self.process.stdout:
            for line in self.process.stdout:
                self.lines.append(line)

    def end(self):
        """Ends it in good order; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.reader.join(20)
        return code

    def kill(self):
        """For a test that may have ended it already."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    def admin_address(self):
        """Where the gateway's admin port listens, as its log line says."""
        return json.loads(next(line for line in self.lines if '"serving"' in line))["admin"]

    def output(self):
        return "".join(self.lines)


def start_gateway(server, settings, environment=None):
    """The gateway with these settings; its address is that of the gRPC port."""
    return Process([server, *flags(settings)], r'"serving","address":"([^"]+)"', environment)
