#!/usr/bin/env python3
"""Sends the rows of a sheet with grpcurl, as a careful script does: a request_id for each row, a list of those that are done, several
calls at a time. For comparison with interactionctl import.

    grpcurl_import.py SERVER SANDBOX INTERACTIONCTL GRPCURL [--rows 1000] [--jobs 16]
"""
import argparse
import concurrent.futures
import csv
import json
import subprocess
import time
import uuid

from kill_test import write_rows
from world import World

FIELDS = {"Interaction Identity": "interaction_identity", "Interaction Name": "interaction_name", "Account ID": "account_id",
          "Contact ID": "contact_id"}


def send(world, grpcurl, row):
    request = {FIELDS[title]: cell for title, cell in row.items()}
    request["request_id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(row, sort_keys=True)))
    done = subprocess.run([grpcurl, "-plaintext", "-d", "@", world.gateway.address, "interaction.v1.InteractionService/CreateVspInteraction"],
                          input=json.dumps(request), capture_output=True, text=True, check=False)
    return request["request_id"], done.returncode


def by_script(world, grpcurl, jobs):
    with open(world.folder / "rows.csv", newline="", encoding="utf-8") as file, \
            open(world.folder / "done.txt", "a", encoding="utf-8") as done, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for request_id, code in pool.map(lambda row: send(world, grpcurl, row), csv.DictReader(file)):
            if code != 0:
                raise SystemExit(f"{request_id} failed")
            print(request_id, file=done, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", nargs=3)
    parser.add_argument("grpcurl")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=16)
    options = parser.parse_args()
    with World(*options.binaries) as world:
        write_rows(world.folder / "rows.csv", options.rows)
        begin = time.monotonic()
        by_script(world, options.grpcurl, options.jobs)
        script = time.monotonic() - begin
        begin = time.monotonic()
        done = world.run("--method", "create-vsp", "rows.csv", "--jobs", options.jobs, timeout=None)
        took = time.monotonic() - begin
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        for name, seconds in (("script with grpcurl", script), ("interactionctl import", took)):
            print(f"{name}: {options.rows} rows in {seconds:.1f} s, {options.rows / seconds:.0f} rows/s")


if __name__ == "__main__":
    main()
