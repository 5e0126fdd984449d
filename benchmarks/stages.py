"""Where the time of `unmask detect` goes, stage by stage.

    python benchmarks/stages.py [CLIP] [--model FILE] [--repetitions N] [--no-follow]

Prints one Markdown table: for each stage the seconds on the clock and of the processor (all
threads together), and its share of all stages. The stages are run one after the other, each alone,
over all sampled frames, so that they can be told apart; in `detect` they overlap, and the last
lines say what that takes, and what decoding the clip end to end takes. Least of N turns each.
``--no-follow`` searches every frame whole. On a busy machine heed the processor's seconds.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from clips import DFDC_CLIP, SAMPLE_CLIP
from detect import decode_all
from unmask import Predictor, Settings
from unmask.detect import load_bundle
from unmask.detect.look import look
from unmask.detect.scoring import Scoring
from unmask.faces import FINDERS, AtOnce, FaceFinder, link_tracks
from unmask.media import open_media
from unmask.media.picture import Painter
from unmask.types import Box, Face, Image

STAGES = {
    "open": "open: hash, index of packets, first frame",
    "decode": "decode, up to the sampled frames",
    "paint": "to RGB",
    "whole": "find faces in whole frames",
    "part": "find faces near where they were",
    "crop": "crop, sharpness",
    "score": "classify",
    "link": "follow people",
}


class Cost(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


class Clock:
    """Adds up what each stage costs; a stage within another is taken off it."""

    def __init__(self) -> None:
        self.costs: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._open: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what happens inside to ``name``."""
        wall, cpu = time.perf_counter(), time.process_time()
        self._open.append(name)
        try:
            yield
        finally:
            self._open.pop()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            for place, seconds in enumerate(spent):
                self.costs[name][place] += seconds
                if self._open:
                    self.costs[self._open[-1]][place] -= seconds


class Timed:
    """A finder whose searches are charged."""

    def __init__(self, finder: FaceFinder, clock: Clock) -> None:
        self._finder, self._clock = finder, clock

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        """See `FaceFinder.find`."""
        with self._clock.stage("whole" if within is None else "part"):
            return self._finder.find(image, time, within)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Say where the time of unmask detect goes.")
    parser.add_argument("clip", nargs="?", type=Path, help="default: as benchmarks/detect.py")
    parser.add_argument("--model", help="name or file of a bundle; the one that ships if absent")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--no-follow", action="store_true", help="search every frame whole")
    options = parser.parse_args()
    clip = options.clip or (DFDC_CLIP if DFDC_CLIP.exists() else SAMPLE_CLIP)
    settings = Settings(follow=not options.no_follow)
    predictor = Predictor(options.model, settings)
    turns: defaultdict[str, list[Cost]] = defaultdict(list)
    for _ in range(options.repetitions + 1):
        for name, cost in one_turn(clip, options.model, settings).items():
            turns[name].append(cost)
        turns["detect"].append(cost_of(lambda: predictor.detect(clip)))
        turns["floor"].append(cost_of(lambda: decode_all(clip)))
    costs = {name: least(found[1:]) for name, found in turns.items()}  # the first warms up
    print("\n".join(table(costs)))


def one_turn(clip: Path, model: str | None, settings: Settings) -> dict[str, Cost]:
    """What each stage costs, run alone over all the frames of the clip."""
    clock, bundle, now = Clock(), load_bundle(model), AtOnce()
    finder = Timed(FINDERS[settings.finder](threads=1), clock)
    paint = Painter.paint

    def timed(self: Painter, frame: Any) -> Image:
        with clock.stage("paint"):
            return paint(self, frame)

    Painter.paint = timed
    try:
        with clock.stage("open"):
            reader = open_media(clip, frames=settings.frames, limits=settings.limits)
        with clock.stage("decode"):
            frames = list(reader)
    finally:
        Painter.paint = paint
        reader.close()
    with clock.stage("crop"):
        seen = list(look(frames, finder, bundle.card.crop, settings, now))
    with clock.stage("score"):
        scoring = Scoring(bundle, now)
        faces = [face for frame in seen for face in frame.faces]
        scoring.add(faces)
        scoring.of(faces)
    with clock.stage("link"):
        link_tracks([[each.face for each in frame.faces] for frame in seen])
    return {name: Cost(*clock.costs[name]) for name in STAGES}


def cost_of(call: Callable[[], object]) -> Cost:
    """What a call costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def least(costs: Iterable[Cost]) -> Cost:
    """The least of each."""
    walls, cpus = zip(*costs, strict=True)
    return Cost(min(walls), min(cpus))


def table(costs: dict[str, Cost]) -> Iterator[str]:
    """The lines of the table."""
    alone = [costs[name] for name in STAGES]
    all_wall, all_cpu = sum(each.wall for each in alone), sum(each.cpu for each in alone)
    yield "| stage | clock, s | share | processor, s | share |\n|---|---|---|---|---|"
    for name, words in STAGES.items():
        wall, cpu = costs[name]
        shares = f"{wall / all_wall:.0%}", f"{cpu / all_cpu:.0%}"
        yield f"| {words} | {wall:.2f} | {shares[0]} | {cpu:.2f} | {shares[1]} |"
    rows = {
        "all of these, one after the other": Cost(all_wall, all_cpu),
        "`detect`": costs["detect"],
        "decoding end to end": costs["floor"],
    }
    for words, (wall, cpu) in rows.items():
        yield f"| {words} | {wall:.2f} | | {cpu:.2f} | |"
    detect, floor = costs["detect"], costs["floor"]
    ratios = detect.wall / floor.wall, detect.cpu / floor.cpu
    yield f"| `detect` / decoding | {ratios[0]:.2f} | | {ratios[1]:.2f} | |"


if __name__ == "__main__":
    main()
