"""Programs under test, which say in a line where they listen."""
import re
import signal
import subprocess
import threading


class Process:
    """A program that says in one line where it listens; what it writes is read as it comes."""

    def __init__(self, arguments, pattern):
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = None
        for line in self.process.stdout:
            match = re.search(pattern, line)
            if match:
                self.address = match.group(1)
                break
        if self.address is None:
            raise RuntimeError(f"{arguments[0]} did not say where it listens")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)
