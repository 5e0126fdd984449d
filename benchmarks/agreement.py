"""Does what is done for speed change what `unmask detect` says?

    python benchmarks/agreement.py [FOLDER] [--model FILE] [--limit N] [--verbose]

Every clip below FOLDER (../shared/data/clips, if absent) is judged twice: as ever, and the plain
way, in which libav decodes every frame from the first to the last and every sampled one is searched
whole for faces. Prints one line: how far the probabilities of fake are apart, how many verdicts
differ, and the processor's seconds of either way. ``--verbose`` adds a line for each clip. Exits
with 1 if fewer than 95 % of the clips are within .01, or any goes from fake to real or back.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from unmask import Predictor, Settings
from unmask.media.decoder import Decoder

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from unmask.media.scan import Index
    from unmask.types import Report

CLIPS = Path(__file__).resolve().parents[2] / "shared/data/clips"
SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}
NEAR = 0.01
ENOUGH = 0.95


def main() -> None:
    """Judge, compare and print."""
    parser = argparse.ArgumentParser(description="Compare detect with its plain way.")
    parser.add_argument("folder", nargs="?", type=Path, default=CLIPS)
    parser.add_argument("--model", help="name or file of a bundle; the one that ships if absent")
    parser.add_argument("--limit", type=int, default=200, help="clips judged at most")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    found = sorted(path for path in options.folder.rglob("*") if path.suffix in SUFFIXES)
    fast = Predictor(options.model)
    plain = Predictor(options.model, Settings(follow=False))
    apart, changed, flipped, seconds = [], 0, 0, [0.0, 0.0]
    for path in found[: options.limit]:
        one, spent = judge(fast, path)
        with decoding_all():
            other, plainly = judge(plain, path)
        seconds = [seconds[0] + spent, seconds[1] + plainly]
        verdicts = {one.verdict, other.verdict}
        changed += len(verdicts) > 1
        flipped += verdicts == {"fake", "real"}
        if one.probability is not None and other.probability is not None:
            apart.append(abs(one.probability - other.probability))
            if options.verbose:
                print(f"{path.name}: {one.verdict} {one.probability:.4f}, plainly {other.verdict} "
                      f"{other.probability:.4f}, {spent:.2f} s for {plainly:.2f} s")  # fmt: skip
    near = float(np.mean(np.array(apart) <= NEAR)) if apart else 0.0
    print(
        f"{len(apart)} clips scored: probabilities at most {max(apart, default=0):.4f} apart "
        f"(mean {np.mean(apart or [0]):.4f}), {near:.0%} of them at most {NEAR}; {changed} "
        f"verdicts differ, {flipped} of them fake for real or real for fake; processor "
        f"{seconds[0]:.1f} s for {seconds[1]:.1f} s"
    )
    sys.exit(near < ENOUGH or flipped > 0)


def judge(predictor: Predictor, path: Path) -> tuple[Report, float]:
    """The report of a clip, and the processor's seconds."""
    start = time.process_time()
    return predictor.detect(path), time.process_time() - start


@contextmanager
def decoding_all() -> Iterator[None]:
    """Have every frame of a clip decoded, whichever are wanted."""
    usual = Decoder.frames

    def every(self: Decoder, index: Index, targets: set[int]) -> Iterator[tuple[int, VideoFrame]]:
        if not index.exact:  # which decodes all as it is
            yield from usual(self, index, targets)
            return
        with av.open(str(self._path)) as container:
            for frame in container.decode(container.streams[self.stream.index]):
                if frame.pts is not None:
                    yield frame.pts, frame

    Decoder.frames = every
    try:
        yield
    finally:
        Decoder.frames = usual


if __name__ == "__main__":
    main()
