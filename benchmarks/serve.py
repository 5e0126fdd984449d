"""What `unmask serve` withstands: clients that upload without pause, a third of it hostile.

    python benchmarks/serve.py [--seconds 60] [--clients 4] [--workers 1] [--kinds N]

A service is started on a free port of this machine, with the detector that ships and a folder of
its own. Each client sends file after file, and the next as soon as at most ``AHEAD`` of its own
have not ended: the samples, each made a new file by some bytes at its end, and in between the bad
inputs that the tests make, every kind at least once. Meanwhile one more client, a process of its
own, asks the cheap routes in turn and times each answer.

Then everything has to end. **Lost** is a job that was accepted and did not end in a report, with a
verdict or a stated abstention. **p99** is over all answers of the cheap routes while files were
sent. The exit code is 1 if a job was lost, an answer was a 5xx, or p99 misses its target.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any

from detect import Row, machine, table

ROOT = Path(__file__).parents[1]
AHEAD = 3
"""Files of one client that may wait or run when it sends the next."""

PAUSE = 0.02  # seconds between two questions of the client that times the answers
LONGEST = 900.0  # seconds after which what has not ended is lost
P99 = 100.0  # milliseconds
ENDED = ("done", "failed", "cancelled")


class Client:
    """One connection to the service."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"authorization": f"Bearer {token}"}

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def view(self, id_: str) -> dict[str, Any]:
        """Return an analysis."""
        return json.loads(self.get(f"/v1/analyses/{id_}")[1])

    def send(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """Upload a file; return the status and what the answer says."""
        head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="file"\r\n\r\n'
        kind = {"content-type": "multipart/form-data; boundary=x"}
        body = head + data + b"\r\n--x--\r\n"
        self._connection.request("POST", "/v1/analyses", body, self._headers | kind)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


class Files:
    """Hands out files, each with its kind, to several threads; every third is a bad one.

    The first of each bad kind is as it is. All others get a box of free space at their end, as MP4
    has it, which makes them new files of the same kind.
    """

    def __init__(self, bad: dict[str, bytes]) -> None:
        samples = sorted((ROOT / "samples").glob("*/*.*"))
        self._good = itertools.cycle([(path.name, path.read_bytes()) for path in samples])
        self._first = iter(bad.items())
        self._again = itertools.cycle(bad.items())
        self._number = 0
        self._lock = threading.Lock()

    def next(self, *, late: bool) -> tuple[str, bytes] | None:
        """Return a kind and a content; when it is late, only bad kinds that never came."""
        with self._lock:
            self._number += 1
            if late or self._number % 3 == 0:
                first = next(self._first, None)
                if first or late:
                    return first
            kind, data = next(self._good if self._number % 3 else self._again)
            return kind, data + struct.pack(">I4sQ", 16, b"free", self._number)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure unmask serve under load.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long files are sent")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1, help="files analysed at once")
    parser.add_argument("--kinds", type=int, help="kinds of bad files; default: all")
    parser.add_argument("--model", help="path or name of a bundle; default: the one that ships")
    options = parser.parse_args()
    token = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as folder:
        bad = read_bad(Path(folder), options.kinds)
        process, port = start(Path(folder, "data"), token, options.workers, options.model)
        try:
            print(machine(), end="\n\n", flush=True)
            rows, lost = measure(port, token, bad, options.seconds, options.clients)
        finally:
            process.terminate()
            process.wait(60)
    print(table(rows))
    sys.exit(bool(lost) or any(row.target is not None and row.value > row.target for row in rows))


def measure(
    port: int, token: str, bad: dict[str, bytes], seconds: float, clients: int
) -> tuple[list[Row], list[str]]:
    """Send, wait until all has ended; return the figures and a line on each job that was lost."""
    files = Files(bad)
    with ProcessPoolExecutor(1, get_context("spawn")) as asking:
        asking.submit(os.getpid).result()  # it has started
        begun = time.time()
        timed = asking.submit(time_answers, port, token, begun + seconds)
        with ThreadPoolExecutor(clients) as sending:
            one = [sending.submit(upload, port, token, files, seconds) for _ in range(clients)]
        answers = [answer for done in one for answer in done.result()]
        latencies, faults = timed.result()
    accepted = {said["id"]: kind for kind, status, said in answers if status in (200, 202)}
    ended = {id_: wait(Client(port, token), id_) for id_ in accepted}
    took = time.time() - begun
    lost = [
        f"lost: {kind}: {view['state']}, {view['message']}"
        for id_, kind in accepted.items()
        if not ((view := ended[id_])["verdict"] or view["abstention"])
    ]
    print(*lost, sep="\n", end="\n" * bool(lost), file=sys.stderr)
    codes = Counter(status for _, status, _ in answers)
    ends = Counter(v["verdict"] or v["abstention"] or v["state"] for v in ended.values())
    faults += sum(count for code, count in codes.items() if code >= 500)
    came = set(accepted.values())
    every = [value for values in latencies.values() for value in values]
    return [
        Row("files sent", len(answers), "", note=f"{clients} clients, {seconds:g} s"),
        Row(
            "jobs accepted", len(accepted), "", note=f"{len(answers) - codes[202]} known or refused"
        ),
        Row("kinds of bad files among them", len(came & set(bad)), f"of {len(bad)}"),
        *(Row(f"ended: {name}", count, "") for name, count in ends.most_common()),
        Row("all ended after", took, "s"),
        Row("jobs lost", len(lost), "", 0),
        Row("answers that are a 5xx", faults, "", 0),
        *(latency(name, values) for name, values in latencies.items()),
        latency("the cheap routes", every, P99),
    ], lost


def upload(port: int, token: str, files: Files, seconds: float) -> list[tuple[str, int, Any]]:
    """Be one client; return the kind of each file with the status and body of its answer."""
    client, until = Client(port, token), time.monotonic() + seconds
    answers: list[tuple[str, int, Any]] = []
    open_jobs: list[str] = []
    while (file := files.next(late=time.monotonic() > until)) is not None:
        kind, data = file
        status, said = client.send(data)
        answers.append((kind, status, said))
        if status == 202:
            open_jobs.append(said["id"])
        while len(open_jobs) > AHEAD:
            time.sleep(0.1)
            open_jobs = [id_ for id_ in open_jobs if client.view(id_)["state"] not in ENDED]
    return answers


def time_answers(port: int, token: str, until: float) -> tuple[dict[str, list[float]], int]:
    """Ask the cheap routes until then; return the milliseconds of each, and how many were 5xx."""
    client = Client(port, token)
    routes = ["/healthz", "/v1/analyses?limit=20", "/v1/analyses/ID", "/metrics"]
    found: dict[str, list[float]] = {route: [] for route in routes}
    id_, faults = "0" * 32, 0
    for number, route in enumerate(itertools.cycle(routes)):
        if time.time() > until and number >= 2 * len(routes):
            return found, faults
        start = time.perf_counter()
        status, body = client.get(route.replace("ID", id_))
        found[route].append(1000 * (time.perf_counter() - start))
        faults += status >= 500
        if "limit" in route and (items := json.loads(body)["items"]):
            id_ = items[0]["id"]
        time.sleep(PAUSE)
    raise AssertionError


def wait(client: Client, id_: str) -> dict[str, Any]:
    """Return an analysis once it has ended and its report can be read, or as it is in the end."""
    until = time.monotonic() + LONGEST
    while (view := client.view(id_))["state"] not in ENDED and time.monotonic() < until:
        time.sleep(0.2)
    if view["state"] == "done" and client.get(view["links"]["html"])[0] != 200:
        view |= {"verdict": None, "abstention": None, "message": "the report cannot be read"}
    return view


def latency(name: str, values: list[float], target: float | None = None) -> Row:
    """Return the p99 of times in milliseconds, with the rest of what they say in the note."""
    cuts = quantiles(values, n=100, method="inclusive")
    note = f"p50 {cuts[49]:.1f}, longest {max(values):.0f}, {len(values)} answers"
    return Row(f"p99, {name}", cuts[98], "ms", target, note)


def read_bad(folder: Path, kinds: int | None) -> dict[str, bytes]:
    """Return the bad inputs that the tests make, by their kind."""
    sys.path.append(str(ROOT / "tests"))
    import bad_inputs

    (folder / "bad").mkdir()
    found = bad_inputs.write_all(folder / "bad")
    return {kind: path.read_bytes() for kind, path in list(found.items())[:kinds]}


def start(
    data: Path, token: str, workers: int, model: str | None
) -> tuple[subprocess.Popen[str], int]:
    """Start the service; return its process and port."""
    command = [sys.executable, "-m", "unmask", "serve", "--port", "0", "--data", data]
    command += ["--workers", str(workers), *(["--model", model] if model else [])]
    environment = os.environ | {"UNMASK_TOKEN": token, "UNMASK_DATABASE": ""}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None  # noqa: S101
    line = process.stderr.readline()
    found = re.search(r"127\.0\.0\.1:([0-9]+)/", line)
    if found is None:
        sys.exit(f"the service did not start: {line}")
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return process, int(found[1])


if __name__ == "__main__":
    main()
