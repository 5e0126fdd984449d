"""All benchmarks of speed and scale, one after the other, and what must be reached in one table.

    make bench                       # or python benchmarks/bench.py; some 20 minutes on two cores
    make bench OPTIONS=--quick       # a few small media each: shows that all runs, measures nothing
    python benchmarks/bench.py --only detect cluster

Each part prints its own table as it ends, after the facts of the machine; the last table holds
every figure that has a bound, with the command that measures it alone. A part that lacks something
to run with is said to be missing in one line, and so is what to install. The exit code is 1 where a
part could not be measured; that a bound is missed changes nothing.

Needs the extras train, cluster and dev, facenet-pytorch (today.py), two free cores, and nothing
else running on the machine: under load all but the memory is meaningless.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from detect import in_child, machine

if TYPE_CHECKING:
    from detect import Row


class Part(NamedTuple):
    """A benchmark: the module whose `measure` it is, and what it takes when it must be quick."""

    name: str
    what: str
    quick: dict[str, Any]


PARTS: Final = (
    Part(
        "detect",
        "A clip, beside decoding it; memory; the first verdict",
        {"repetitions": 1, "seconds": 20.0},
    ),
    Part(
        "mtcnn",
        "Faces a minute, beside the pipeline that people use today",
        {"clips": 2, "sizes": ("360p",), "scenes": 1, "more": False},
    ),
    Part("cluster", "More processes, and Ray", {"stills": 8, "clips": 2}),
    Part("throughput", "Media and faces a minute", {"share": 0.02, "kinds": 2}),
    Part(
        "growth",
        "How cost grows",
        {
            "repetitions": 1,
            "lengths": (10.0, 20.0),
            "sizes": ("360p", "720p"),
            "faces": (0, 1),
            "files": (2, 4),
        },
    ),
    Part("faults", "A run over 5,000 files of which a share is poison", {"items": 60}),
)


class Measured(NamedTuple):
    """What came of a part: its rows, or why there are none."""

    part: Part
    rows: list[Row]
    failure: str = ""


def main() -> None:
    """Run the parts and print."""
    parser = argparse.ArgumentParser(description="Run the benchmarks of speed and scale.")
    parser.add_argument("--quick", action="store_true", help="only show that all runs")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], default=())
    options = parser.parse_args()
    print(machine(), flush=True)
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            if options.only and part.name not in options.only:
                continue
            choices = dict(part.quick) if options.quick else {}
            if options.quick and part.name == "growth":
                choices["out"] = Path(folder, "cost.png")  # the one in docs/ is of a full run
            done.append(measure(part, choices))
    if any(each.rows or each.failure for each in done):
        print("\n## Bounds\n", bounds(done), sep="\n")
    sys.exit(any(each.failure for each in done))


def measure(part: Part, choices: dict[str, Any]) -> Measured:
    """Run a part in a process of its own, which prints its table."""
    print(f"\n## {part.what}\n\n`python benchmarks/{part.name}.py`\n", flush=True)
    start = time.perf_counter()
    try:
        found = in_child(call, part.name, choices)
    except (SystemExit, ImportError, OSError, RuntimeError, BrokenProcessPool) as error:
        failure = " ".join(str(error).split()) or type(error).__name__
        print(f"not measured: {failure}", flush=True)
        return Measured(part, [], failure)
    print(f"\n({(time.perf_counter() - start) / 60:.1f} minutes)", flush=True)
    return Measured(part, [row for row in found if getattr(row, "must", "")])


def call(name: str, choices: dict[str, Any]) -> list[Any]:
    """Call ``measure`` of a benchmark."""
    return import_module(name).measure(**choices)


def bounds(done: list[Measured]) -> str:
    """Return the table of all figures that have a bound."""
    lines = ["| measure | value | must | | command |", "|---|---|---|---|---|"]
    for part, rows, failure in done:
        command = f"`python benchmarks/{part.name}.py`"
        if failure:
            lines.append(f"| {part.what} | not measured | | {failure} | {command} |")
        lines += [
            f"| {row.measure} | {row.shown.strip()} | {row.must} | {row.met} | {command} |"
            for row in rows
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
