#!/usr/bin/env python3
"""An import that is killed (SIGKILL) again and again, against an upstream with faults, opens no row twice and loses none.

    kill_test.py SERVER SANDBOX INTERACTIONCTL [--rows 2000] [--kills 5] [--seed N]

Judged by what arrived at the upstream: a row that the results call applied was taken there exactly once; one that they call unknown at
most once; there is no other kind of row. Prints rate, time and memory.
"""
import argparse
import collections
import contextlib
import csv
import itertools
import random
import subprocess
import threading
import time

from sheets import ACCOUNT, CONTACT
from world import World

# What the upstream does to a few answers now and then. After the second it has surely opened nothing, and the gateway says so.
FAULTS = ({"fault": "close", "count": 2}, {"status": 503, "count": 2}, {"fault": "truncated", "count": 2}, {"delay_ms": 40, "count": 50})
SURELY_NOT_OPENED = 503
NOT_ALL_APPLIED = 4  # the exit code when the import has come to its end, and some rows are unknown


def write_rows(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["Interaction Identity", "Interaction Name", "Account ID", "Contact ID"])
        out.writerows([f"+57300{number:07}", f"row {number}", ACCOUNT, CONTACT] for number in range(rows))


@contextlib.contextmanager
def disturbed(world, chance):
    """Within it, a fault is set after every few hundred requests."""
    over = threading.Event()
    thread = threading.Thread(target=disturb, args=(world, over, chance))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def disturb(world, over, chance):
    done = 0
    while not over.wait(0.02):
        seen = world.ask_sandbox("/sandbox/stats")["seethepro"]["requests"]
        if seen - done > 300:
            done = seen
            world.ask_sandbox("/sandbox/faults", {"vendor": "seethepro", **chance.choice(FAULTS)})


class Memory:
    """The most memory that any import has had, in MiB, as the kernel tells while it runs."""

    def __init__(self):
        self.most = 0

    def look_at(self, process):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    self.most = max(self.most, int(line.split()[1]) // 1024)


def kill_after(world, process, requests, memory):
    """Kills the import when so many requests have arrived in all; whether it was still running."""
    while process.poll() is None:
        memory.look_at(process)
        if world.ask_sandbox("/sandbox/stats")["seethepro"]["requests"] >= requests:
            process.kill()
            process.wait()
            return True
    return False


def end_of(process, memory):
    """Waits for the import; its exit code."""
    while True:
        memory.look_at(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)


def run(world, rows, kills, chance, memory):
    """Runs the import to its end, killed on the way. How often it was killed."""
    moments = sorted(chance.sample(range(rows * 95 // 100), kills))
    arguments = ["--method", "create-vsp", "rows.csv", "--jobs", 16, "--patience", "60s"]
    killed = 0
    with open(world.folder / "log", "w", encoding="utf-8") as log:
        for moment in moments:
            killed += kill_after(world, world.start(*arguments, log=log), moment, memory)
            arguments += [] if "--resume" in arguments or not killed else ["--resume"]
        while end_of(world.start(*arguments, log=log), memory) not in (0, NOT_ALL_APPLIED):
            pass
    print((world.folder / "log").read_text(encoding="utf-8")[-2000:])
    return killed


def judge(world, rows):
    """The rows for which the results and the upstream do not fit together."""
    posts = world.posts()
    taken = collections.Counter(post["InteractionName"] for post, status in posts if status != SURELY_NOT_OPENED)
    outcomes = collections.Counter()
    wrong = []
    with open(world.folder / "rows.results.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            outcome, count = row["import_outcome"], taken[row["Interaction Name"]]
            outcomes[outcome] += 1
            fits = count == 1 if outcome == "applied" else outcome == "unknown" and count <= 1
            if not fits:
                wrong.append((row["Interaction Name"], outcome, count))
    print(f"outcomes: {dict(outcomes)}; requests at the upstream: {len(posts)}, taken: {sum(taken.values())}, "
          f"of rows: {len(taken)}, most for one row: {max(taken.values())}")
    if sum(outcomes.values()) != rows:
        wrong.append(("rows in the results", sum(outcomes.values()), rows))
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", nargs=3)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    with World(*options.binaries, sandbox_flags=["--keep-requests", str(options.rows * 2)]) as world:
        write_rows(world.folder / "rows.csv", options.rows)
        memory = Memory()
        begin = time.monotonic()
        with disturbed(world, random.Random(options.seed + 1)):
            killed = run(world, options.rows, options.kills, chance, memory)
        took = time.monotonic() - begin
        print(f"{options.rows} rows, killed {killed} times: {took:.1f} s in all, {options.rows / took:.0f} rows/s; "
              f"the most memory of an import: {memory.most} MiB")
        wrong = judge(world, options.rows)
    for name, outcome, count in itertools.islice(wrong, 20):
        print(f"WRONG: {name}: {outcome}, {count}")
    if wrong or killed < options.kills * 3 // 5:
        raise SystemExit(f"failed: {len(wrong)} rows, killed {killed} times; seed {options.seed}")


if __name__ == "__main__":
    main()
