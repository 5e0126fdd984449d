"""Clips and faces a minute, memory, and the ratio to decoding, of one process and of two.

    python benchmarks/throughput.py [CLIP] [--share 1.0]

`unmask detect --json` analyses a folder of stills (the samples'), of 10 s clips at 360p, 1080p and
4K, and of ten-minute clips at 1080p, all made of ``CLIP`` (a DFDC clip if it is there, else a
sample's), with ``--workers 1`` and with ``--workers 2``; either way all cores are used. Times are
of the whole command, the start of Python and of the detector included. Faces are those that were
scored: one in each of the frames looked at, for each person. Memory is the peak of all the run's
processes together, what they share counted once, sampled every half second. The ratio is to
decoding every frame of the same clips with PyAV, one clip after the other, on all cores, without
colour conversion.

``--share`` shortens or lengthens the folders. Nothing else must run on the machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import NamedTuple

from clips import ROOT, SIZES, base_clip, loop, scale
from detect import LONG, decode_all, in_child, machine
from faults import run

WORKERS = (1, 2)


class Kind(NamedTuple):
    """One kind of media: ``count`` of them, of a size and a length in seconds (0: stills)."""

    name: str
    count: int
    size: str = ""
    seconds: float = 10.0


KINDS = (
    Kind("stills, 512 pixels", 120, seconds=0),
    Kind("10 s clips, 360p", 12, "360p"),
    Kind("10 s clips, 1080p", 8, "1080p"),
    Kind("10 s clips, 4K", 4, "4K"),
    Kind("10-minute clips, 1080p", 2, "1080p", LONG),
)


class Run(NamedTuple):
    """What one run over a folder of media came to; ``floor`` is of decoding them all, seconds."""

    kind: str
    workers: int
    media: int
    faces: int
    seconds: float
    peak: float
    floor: float

    def line(self) -> str:
        """Return the row of the table."""
        ratio = f"{self.seconds / self.floor:.2f}" if self.floor else "–"
        rates = " | ".join(f"{60 * n / self.seconds:,.0f}" for n in (self.media, self.faces))
        return f"| {self.kind} | {self.workers} | {rates} | {self.peak:.0f} | {ratio} |"


HEAD = """| media | processes | a minute | faces a minute | peak memory, MB | times decoding |
|---|---|---|---|---|---|"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure unmask detect over folders of media.")
    parser.add_argument("clip", nargs="?", type=Path, help="clip that the others are made of")
    parser.add_argument("--share", type=float, default=1.0, help="share of the media to take")
    options = parser.parse_args()
    print(machine(), end="\n\n")
    measure(options.clip, options.share)


def measure(clip: Path | None = None, share: float = 1.0, kinds: int = len(KINDS)) -> list[Run]:
    """Measure the first ``kinds`` of media, print each row when it is there, return the runs."""
    print(HEAD, flush=True)
    done = []
    with tempfile.TemporaryDirectory() as folder:
        base = in_child(base_clip, Path(folder), clip)
        for kind in KINDS[:kinds]:
            media, floor = fill(Path(folder), base, kind, max(2, round(share * kind.count)))
            for workers in WORKERS:
                done.append(_run(media, kind, floor, workers))
                print(done[-1].line(), flush=True)
    return done


def fill(folder: Path, base: Path, kind: Kind, count: int) -> tuple[Path, float]:
    """Make a folder of media as hard links; return it and the seconds of decoding them all."""
    media = folder / kind.name.replace(" ", "-")
    media.mkdir()
    if kind.seconds == 0:
        pictures = sorted((ROOT / "samples").glob("*/*.jpg"))
        for number in range(count):
            data = pictures[number % len(pictures)].read_bytes()
            (media / f"{number:04d}.jpg").write_bytes(data)
        return media, 0.0
    short = folder / f"{kind.size}.mp4"
    if not short.exists():
        in_child(scale, base, short, *SIZES[kind.size])
    source = short
    if kind.seconds > 10:
        source = in_child(loop, short, folder / "long.mp4", kind.seconds)
    for number in range(count):
        (media / f"{number:04d}.mp4").hardlink_to(source)
    return media, count * in_child(decode_all, source)


def _run(media: Path, kind: Kind, floor: float, workers: int) -> Run:
    lines, seconds, memory = run(media, media.with_suffix(".jsonl"), "--workers", str(workers))
    reports = [json.loads(line) for line in lines]
    faces = sum(len(face["frames"]) for report in reports for face in report["faces"])
    return Run(kind.name, workers, len(reports), faces, seconds, max(memory), floor)


if __name__ == "__main__":
    main()
