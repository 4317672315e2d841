"""Programs under test, which say in a line where they listen."""
import os
import re
import signal
import subprocess
import threading


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

    def output(self):
        return "".join(self.lines)
