"""Which rule should make one score of a clip's frames? Chosen on clips of forged held-out people.

    python benchmarks/aggregation.py DATA [--model FILE] [--work runs/aggregation]
        [--windows 1] [--frames 16] [--conditions 0 1 2 3 4]

``DATA`` holds ``clips/`` with its ``labels.csv``; only real clips of its split ``val`` are read,
people that took no part in training. Each is cut into short windows of every second frame. Each
window is forged by every registered method, with one draw for all its frames, beside its real twin:
what the forgery left untouched, through the same encoder. Both are then degraded alike, so that the
forgery is the only difference within a pair. The clips are kept in ``--work`` and serve for the
next bundle; the scores of all faces are written to ``faces.parquet`` there.

The rules are those of `unmask.evaluation.choose`. One that is not the plain mean is taken only if
it is best for every person left out, gains on people who did not choose it, with an interval that
excludes zero, and loses nothing on clips that were not degraded. With so few people the choice is
between rules, never of fine settings. Needs the extra train.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import polars as pl

from sequence import cut
from unmask.cli.forge import write_clip
from unmask.detect import Predictor
from unmask.detect.look import look, weigh
from unmask.evaluation.choose import (
    FACES,
    Choice,
    Clips,
    choose,
    compare_levels,
    compare_rules,
    frame_spread,
)
from unmask.faces import FINDERS, AtOnce, FaceFinder, link_tracks
from unmask.forgery import FORGERIES
from unmask.media import open_media

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unmask.types import Image

DONORS = Path(__file__).resolve().parent.parent / "samples" / "real"
LENGTH = 40
"""Frames of a window; every second one of a clip, so some three seconds."""

CONDITIONS = {
    # name: (crf, share of the size kept, sigma of a blur that comes and goes)
    "H.264, crf 18": (18, 1.0, 0.0),
    "H.264, crf 28": (28, 1.0, 0.0),
    "H.264, crf 36": (36, 1.0, 0.0),
    "half size, crf 28": (28, 0.5, 0.0),
    "blurred by spells, crf 23": (23, 1.0, 3.0),
}
SPELL = 10
"""Frames that a spell of blur lasts, and the time between two."""


def main() -> None:
    """Make the clips that are missing, score them, and print the choice."""
    parser = argparse.ArgumentParser(description="Choose how the scores of frames become one.")
    parser.add_argument("data", type=Path, help="folder with clips/")
    parser.add_argument("--model", help="bundle; the default if not given")
    parser.add_argument("--work", type=Path, default=Path("runs/aggregation"))
    parser.add_argument("--windows", type=int, default=1, help="most windows of a clip")
    parser.add_argument("--frames", type=int, default=16, help="frames scored of a window")
    parser.add_argument(
        "--conditions",
        type=int,
        nargs="+",
        default=list(range(len(CONDITIONS))),
        help="which of the conditions, by their place in CONDITIONS; the first is the undegraded",
    )
    options = parser.parse_args()
    chosen = {number: list(CONDITIONS)[number] for number in sorted(options.conditions)}
    make(options.data / "clips", options.work, options.windows, chosen)
    predictor = Predictor(options.model)
    faces = score(predictor, options.work, options.frames, chosen)
    faces.write_parquet(options.work / "faces.parquet")
    report(predictor, faces)


def make(root: Path, work: Path, windows: int, chosen: dict[int, str]) -> None:
    """Write all pairs under each chosen condition; what is there already is kept."""
    for clip in real_clips(root):
        folder = work / "windows" / clip.stem
        if not folder.exists():
            cut(clip, folder, LENGTH, windows)
    for method in FORGERIES:
        pairs = work / "pairs" / method
        if pairs.exists():
            continue
        command = [sys.executable, "-m", "unmask", "forge", work / "windows", "--out", pairs,
                   "--method", method, "--donor", DONORS, "--twin"]  # fmt: skip
        print("forge", method, flush=True)
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.exit(f"{method}: could not forge; see above")
    for number, name in chosen.items():
        crf, scale, sigma = CONDITIONS[name]
        for source in sorted((work / "pairs").glob("*/*.mp4")):
            target = work / "clips" / str(number) / source.parent.name / source.name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                write_clip(target, degraded(source, scale, sigma), crf=crf)
        print("made", name, flush=True)


def real_clips(root: Path) -> list[Path]:
    """Real clips of split ``val``; those of ``external`` are never opened."""
    rows = pl.read_csv(root / "labels.csv")
    return [root / file for file in rows.filter(split="val", label="REAL")["file"]]


def degraded(clip: Path, scale: float, sigma: float) -> Iterator[tuple[float, Image]]:
    """Yield a clip's frames, smaller or blurred by spells."""
    with open_media(clip, frames=10**9) as reader:
        for number, frame in enumerate(reader):
            image = frame.image
            if scale < 1:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            if sigma and number // SPELL % 2:
                image = cv2.GaussianBlur(image, (0, 0), sigma)
            yield frame.time, np.asarray(image, np.uint8)


def score(predictor: Predictor, work: Path, frames: int, chosen: dict[int, str]) -> pl.DataFrame:
    """Return the table of faces: the longest track of every clip, through the product's path."""
    rows = []
    finder = FINDERS[predictor.settings.finder](threads=1)
    for number, condition in chosen.items():
        for path in sorted((work / "clips" / str(number)).glob("*/*.mp4")):
            person, _, kind = path.stem.rpartition("-")
            facts = {
                "clip": f"{path.parent.name}/{path.stem}",
                "person": person.rpartition("-")[0],
                "condition": condition,
                "method": None if kind == "real" else kind,
                "label": int(kind != "real"),
                "split": "val",
            }
            rows += [{**facts, **face} for face in track(predictor, finder, path, frames)]
        print("scored", condition, flush=True)
    return pl.DataFrame(rows, schema=FACES)


def track(
    predictor: Predictor, finder: FaceFinder, path: Path, frames: int
) -> list[dict[str, float]]:
    """Return logit and weight of each frame of a clip's longest track."""
    card = predictor.card
    with open_media(path, frames=frames) as reader:
        seen = list(look(reader, finder, card.crop, predictor.settings, AtOnce()))
    by_face = {id(each.face): each for frame in seen for each in frame.faces}
    tracks = link_tracks([[each.face for each in frame.faces] for frame in seen])
    if not tracks:
        return []
    faces = [by_face[id(face)] for face in tracks[0].faces]
    logits, _ = predictor.score_crops(faces)
    weights = weigh(card.quality, faces)
    return [{"logit": x, "weight": w} for x, w in zip(logits, weights, strict=True)]


def report(predictor: Predictor, faces: pl.DataFrame) -> None:
    """Print what was scored, what each rule is worth, and the choice."""
    clips = Clips.of(faces, predictor.card.calibration)
    choices = compare_rules(clips)
    chosen = choose(choices)
    reals = int((clips.labels == 0).sum())
    print(
        f"\n{predictor.identity.name} {predictor.identity.version}: {reals} real and "
        f"{len(clips.labels) - reals} forged clips of {len(set(clips.people))} people, "
        f"{len(faces) / len(clips.labels):.1f} frames each\n"
    )
    head = ("rule", *clips.named, "mean", "gain (95 %, people)", "best without", "gain if left out")
    table(head, [line(choice, len(choice.held_out)) for choice in choices])
    print(f"\nchosen: {chosen}\n")
    levels = compare_levels(clips, chosen)
    table(
        ("calibration of clips", "expected calibration error", "log loss"),
        [(each.name, f"{each.calibration:.3f}", f"{each.log_loss:.3f}") for each in levels],
    )
    spread = frame_spread(faces.filter(condition=clips.named[0]))
    light = float((faces["weight"] < 1).to_numpy().mean())
    print(
        f"\nusual spread of the logits within an undegraded clip: {spread:.3f}; frames that count "
        f"less than in full: {light:.0%}"
    )


def line(choice: Choice, people: int) -> tuple[str, ...]:
    """Return a rule as a row of the table."""
    gains = choice.held_out.values()
    return (
        choice.rule,
        *(f"{area:.3f}" for area in choice.areas.values()),
        f"{choice.area:.3f}",
        f"{choice.gain:+.3f} ({choice.interval[0]:+.3f} to {choice.interval[1]:+.3f})",
        f"{len(choice.chosen_without)} of {people}",
        f"{min(gains):+.3f} to {max(gains):+.3f}",
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
