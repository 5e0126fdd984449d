"""What a second process, and Ray on two nodes, gain over one one-thread process.

    python benchmarks/cluster.py [--stills 300] [--clips 30] [--repetitions 1]

One folder of the samples, as hard links, is analysed by the command in three ways, one after the
other: by one one-thread process, by two, and by Ray on two nodes of one core each, which are
started on this machine beforehand and shut down at the end. Times are of the whole command, the
start of Python and of the detector included; of Ray also from the first part that is kept to the
last, which is what a long run comes to. Each figure is a median. The reports must be equal.

Needs the extra `cluster`, two free cores, and nothing else running on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from detect import Row, machine, table

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 3600
"""Seconds after which a run is given up."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the gain of more processes and of Ray.")
    parser.add_argument("--stills", type=int, default=300)
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--repetitions", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    measure(options.stills, options.clips, options.repetitions)


def measure(stills: int = 300, clips: int = 30, repetitions: int = 1) -> list[Row]:
    """Measure, print and return the rows."""
    with tempfile.TemporaryDirectory() as folder:
        media = fill(Path(folder), stills, clips)
        print(f"{stills} stills and {clips} clips", end="\n\n", flush=True)
        times: dict[str, list[float]] = {"one": [], "two": [], "ray": [], "steady": []}
        with two_nodes() as address:
            for turn in range(repetitions):
                one, first = run(media)
                two, second = run(media, "--workers", "2")
                out = Path(folder, f"parts{turn}")
                ray, third = run(media, "--engine", "ray", "--out", str(out), address=address)
                if not first == second == third:
                    sys.exit("the reports differ")
                for name, seconds in (("one", one), ("two", two), ("ray", ray)):
                    times[name].append(seconds)
                times["steady"].append(steady(out, one, stills + clips))
    one, two, ray = (median(times[name]) for name in ("one", "two", "ray"))
    rows = [
        Row("one one-thread process", one, "s"),
        Row("two one-thread processes", two, "s"),
        Row("Ray on two one-core nodes", ray, "s"),
        Row("two processes, times as fast as one", one / two, "×", least=1.8),
        Row("Ray, times as fast as one process", one / ray, "×", least=1.6),
        Row("Ray between its first and last part, the same", median(times["steady"]), "×"),
    ]
    print(table(rows), flush=True)
    return rows


def fill(folder: Path, stills: int, clips: int) -> Path:
    """Fill a folder with hard links to copies of the samples, clips spread among the stills."""
    media = folder / "media"
    media.mkdir()
    for kind, count in (("jpg", stills), ("mp4", clips)):
        copies = []
        for sample in sorted((ROOT / "samples").glob(f"*/*.{kind}")):
            copies.append(folder / f"{sample.parent.name}-{sample.name}")
            copies[-1].write_bytes(sample.read_bytes())
        for number in range(count):
            place = number * (stills + clips) // count
            (media / f"{place:06d}-{number:06d}.{kind}").hardlink_to(copies[number % len(copies)])
    return media


def run(media: Path, *options: str, address: str = "") -> tuple[float, list[dict[str, object]]]:
    """Analyse the folder; return the seconds that it took and the reports without theirs."""
    command = [sys.executable, "-m", "unmask", "detect", media, "--json", "--threads", "1"]
    environment = {**os.environ, "RAY_ADDRESS": address} if address else None
    start = time.perf_counter()
    done = subprocess.run(
        [*command, *options],
        capture_output=True, text=True, check=False, env=environment, timeout=TIMEOUT,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    for report in reports:
        del report["seconds"]
    return seconds, reports


def steady(out: Path, one: float, items: int) -> float:
    """Return how many times as fast as one process Ray was from its first part to its last."""
    parts = sorted(path.stat().st_mtime for path in out.glob("reports-*.parquet"))
    if len(parts) < 2 or parts[-1] == parts[0]:
        return float("nan")
    each = items / len(parts)
    return (each * (len(parts) - 1) / (parts[-1] - parts[0])) / (items / one)


@contextmanager
def two_nodes() -> Iterator[str]:
    """Start two nodes of one core each; give the address of the first."""
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 200 * 2**20}
    cluster = Cluster(
        initialize_head=True, head_node_args={**node, "include_dashboard": False}, connect=False
    )
    try:
        cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster.address
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
