"""One run of `unmask detect` over a large folder of which a share is poison.

    python benchmarks/faults.py [--items 5000] [--poison 0.05] [--workers 1]

The folder holds the samples as stills of 320 pixels, one short clip among a hundred, and the tests'
list of bad inputs, as hard links, so that it takes little space. The run must end, give each file
one line in order, name every poisoned file with a reason, and judge all others. Printed are the
figures of the machine and one table: what was lost or blamed wrongly (both must be 0), the time,
and the memory of all the run's processes together, sampled every half second: its peak, and its
drift, the mean of the last quarter less that of the second quarter of the run. The exit code is 1
where something was lost or blamed wrongly.

Needs the checkout with the extras `train` and `dev`, and nothing else running on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import mean

from detect import Row, machine, table

ROOT = Path(__file__).resolve().parent.parent
CLIPS = 0.01
SIDE = 320


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure a run over a folder with poison in it.")
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--poison", type=float, default=0.05, help="share of the items")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    rows = measure(options.items, options.poison, options.workers)
    sys.exit(any(row.value > 0 for row in rows if row.target == 0))


def measure(items: int = 5000, poison: float = 0.05, workers: int = 1) -> list[Row]:
    """Make the folder, run, print and return the rows; those that must be 0 say what was lost."""
    with tempfile.TemporaryDirectory() as folder:
        media = Path(folder, "media")
        bad = fill(media, Path(folder, "originals"), items, poison)
        print(
            f"{items} items, {len(bad)} of them poison; workers: {workers}", end="\n\n", flush=True
        )
        lines, seconds, memory = run(media, Path(folder, "out"), "--workers", str(workers))
    quarter = max(1, len(memory) // 4)
    drift = mean(memory[-quarter:]) - mean(memory[quarter : 2 * quarter] or memory)
    rows = [
        *judge(lines, sorted(bad), items),
        Row("time", seconds, "s"),
        Row("items a minute", 60 * items / seconds, ""),
        Row("peak memory, all processes", max(memory), "MB", 800),
        Row("drift of the memory", drift, "MB", note=f"{len(memory)} samples"),
    ]
    print(table(rows), flush=True)
    return rows


def fill(media: Path, originals: Path, items: int, share: float) -> set[str]:
    """Fill the folder with hard links; return the names of the poisoned files."""
    import cv2

    sys.path.append(str(ROOT / "tests"))
    from bad_inputs import write_all

    (originals / "bad").mkdir(parents=True)
    media.mkdir()
    stills = []
    for portrait in sorted((ROOT / "samples").glob("*/*.jpg")):
        image = cv2.imread(str(portrait))
        scale = SIDE / max(image.shape[:2])
        stills.append(originals / f"{portrait.parent.name}-{portrait.name}")
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(stills[-1]), small)
    clips = sorted((ROOT / "samples").glob("*/*.mp4"))
    copies = [originals / f"{clip.parent.name}-{clip.name}" for clip in clips]
    for clip, copy in zip(clips, copies, strict=True):
        copy.write_bytes(clip.read_bytes())  # hard links reach no other disk
    bad = list(write_all(originals / "bad").values())
    rng = random.Random(0)
    poisoned = set(rng.sample(range(items), round(share * items)))
    names = set()
    for number in range(items):
        if number in poisoned:
            source = bad[len(names) % len(bad)]
            names.add(f"{number:06d}{source.suffix}")
        else:
            source = rng.choice(copies if copies and rng.random() < CLIPS else stills)
        (media / f"{number:06d}{source.suffix}").hardlink_to(source)
    return names


def run(media: Path, out: Path, *options: str) -> tuple[list[str], float, list[float]]:
    """Run the command; return its lines, the seconds it took and its memory over time in MB."""
    command = [sys.executable, "-m", "unmask", "detect", media, "--json", *options]
    start = time.perf_counter()
    memory = []
    with out.open("w") as stdout:
        process = subprocess.Popen(command, stdout=stdout)
        while process.poll() is None:
            memory.append(sum(map(resident, family(process.pid))))
            time.sleep(0.5)
    seconds = time.perf_counter() - start
    return out.read_text().splitlines(), seconds, memory


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = Path(f"/proc/{pid}/task").iterdir()
        children += [c for t in threads if t.name != str(pid) for c in read(t / "children").split()]
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def resident(pid: int) -> float:
    """Return the memory of a process in MB; a share of what it shares with others."""
    text = read(Path(f"/proc/{pid}/smaps_rollup"))
    found = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0")
    return int(found.split()[1]) * 1024 / 1e6


def read(path: Path) -> str:
    """Return what a file of /proc says; nothing once its process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


def judge(lines: list[str], poison: list[str], items: int) -> list[Row]:
    """Return the rows on what was lost or blamed."""
    reports = [json.loads(line) for line in lines]
    names = [os.path.basename(report["path"]) for report in reports]  # noqa: PTH119
    of = dict(zip(names, reports, strict=True))
    lost = items - len(set(names))
    twice = len(names) - len(set(names))
    unnamed = [n for n in poison if of.get(n, {}).get("abstention") is None]
    blamed = [n for n in names if n not in set(poison) and of[n]["abstention"] is not None]
    for name in unnamed[:10]:
        print(f"poison without a reason: {name}", file=sys.stderr)
    for name in blamed[:10]:
        print(f"blamed wrongly: {name}: {of[name]['message']}", file=sys.stderr)
    return [
        Row("items lost", lost, "", 0),
        Row("items told twice", twice, "", 0),
        Row("items out of order", sum(a > b for a, b in pairwise(names)), "", 0),
        Row("poison not named", len(unnamed), "", 0),
        Row("others without a verdict", len(blamed), "", 0),
    ]


if __name__ == "__main__":
    main()
