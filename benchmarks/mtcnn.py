"""How many faces a minute `unmask data prepare` cuts, beside the pipeline that people use today.

    pip install --no-deps facenet-pytorch==2.6.0      # for this benchmark only
    python benchmarks/mtcnn.py [--clips 32] [--workers 2] [--data FOLDER]

The pipeline of today is MTCNN in a batch and EfficientNet, see today.py. Both sides look at the
same frames, 32 of each clip, at 640 pixels of the longer side, for faces from 40 pixels of the clip
on, in ``--workers`` processes of one thread each. The time of `prepare` is that of the whole call,
the start of its processes included; that of MTCNN begins when its processes are loaded and warm.

Clips of 1080p and of 360p are composed of the samples' portraits, so that it is known where each
face lies: a face counts where it was found there (intersection over union from .4), **recall** is
the share of them, and faces found elsewhere are told beside it. Frames of a clip are much alike, so
the intervals (exact, 95 %) are too narrow. Recall is also told of faces near the least size. Where
``--data`` holds real clips (../shared/data/clips is looked for), the faces that both sides find
count, and it is told how many each finds alone.

A shard of a face set holds 16 clips, so that two processes are busy with a multiple of 32. Then the
1080p clips are analysed one by one by `Predictor.detect` and by MTCNN with EfficientNet, each in
one process on all cores. Nothing else must run on the machine. Needs the extra train.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from clips import SHARED_CLIPS, SIZES, Scene, compose
from detect import Row, in_child, machine, table
from matching import agreed, joined, known, recall
from today import MISSING, Found, Today, is_installed, pool, prepare_one

FRAMES, LEAST = 32, 40.0
"""Frames sampled of a clip, and shorter side of the smallest face in pixels of the clip."""
CAST = {
    "1080p": ((155,), (267,), (223, 90), (108, 186, 129)),
    "360p": ((140,), (80,), (110, 60), (60, 100, 72)),
}
"""Height of each face of each clip, pixels. Those of 1080p are the 10th to the 90th percentile of
the DFDC's (``original_height`` in the splits.csv of its published crops)."""

SMALL = (56, 62, 68, 76)
"""Heights of faces near the least size: they are from 41 to 67 pixels wide."""


class Side(NamedTuple):
    """What one pipeline made of some clips: seconds, and faces by clip."""

    seconds: float
    faces: dict[Path, list[Found]]

    @property
    def count(self) -> int:
        """Faces in all."""
        return sum(map(len, self.faces.values()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure prepare and detect beside MTCNN.")
    parser.add_argument("--clips", type=int, default=32, help="clips of each size")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--data", type=Path, help="folder of real clips")
    options = parser.parse_args()
    print(machine(), end="\n\n")
    measure(options.clips, options.workers, options.data)


def measure(
    clips: int = 32,
    workers: int = 2,
    data: Path | None = None,
    sizes: Sequence[str] = tuple(CAST),
    *,
    scenes: int = 4,
    more: bool = True,
) -> list[Row]:
    """Measure, print and return the rows.

    Args:
        clips: of each size, in which as many ``scenes`` repeat.
        workers: processes.
        data: folder of real clips; None for those that are at hand.
        sizes: of the clips.
        scenes: clips of a size that differ, at most.
        more: whether to measure on real clips and small faces as well.
    """
    if not is_installed():
        sys.exit(MISSING)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        stages = {size: stage(Path(folder, size), size, scenes) for size in sizes}
        for size, made in stages.items():
            rows += _known(size, made, clips, workers)
        data = data or (SHARED_CLIPS if SHARED_CLIPS.is_dir() else None)
        if more:
            rows += _agreed(data, workers) if data else []
            rows += _small(Path(folder))
        rows += _detect([scene.path for scene in stages[sizes[0]]], sizes[0])
    print(table(rows), flush=True)
    return rows


def stage(folder: Path, size: str, scenes: int) -> list[Scene]:
    """Compose the first clips of a size."""
    folder.mkdir()
    return [
        compose(folder / f"{number}.mp4", faces, SIZES[size], seed=number)
        for number, faces in enumerate(CAST[size][:scenes])
    ]


def _known(size: str, scenes: list[Scene], clips: int, workers: int) -> list[Row]:
    """Return the rows on clips whose faces are known."""
    root = scenes[0].path.parent
    of = {}
    for number in range(clips):
        path = root / f"clip{number:03d}.mp4"
        path.hardlink_to(scenes[number % len(scenes)].path)
        of[path] = scenes[number % len(scenes)]
    ours, theirs = _both(root, list(of), workers)
    shown = FRAMES * sum(len(scene.boxes[0]) for scene in of.values())
    rates, notes, shares = [], [], []
    for side in (ours, theirs):
        hits = sum(known(side.faces[path], scene) for path, scene in of.items())
        rates.append(60 * hits / side.seconds)
        shares.append(hits / shown)
        notes.append(f"recall {recall(hits, shown)}; {side.count - hits} found elsewhere")
    must = {"least": 5.0} if size == "1080p" else {}
    equal = {"least": 0.0} if size == "1080p" else {}
    what = f"faces a minute, {size}"
    return [
        Row(f"prepare, {what}", rates[0], "", note=notes[0]),
        Row(f"MTCNN, {what}", rates[1], "", note=notes[1]),
        Row(f"prepare / MTCNN, {what}", rates[0] / rates[1], "×", **must),
        Row(f"recall of prepare less MTCNN's, {size}", shares[0] - shares[1], "", **equal),
    ]


def _agreed(data: Path, workers: int) -> list[Row]:
    """Return the rows on real clips, of which it is not known where the faces are."""
    from unmask.media import VIDEO_SUFFIXES, list_media

    clips = [path for path in list_media(data) if path.suffix.lower() in VIDEO_SUFFIXES]
    ours, theirs = _both(data, clips, workers)
    both = sum(agreed(theirs.faces[path], ours.faces[path]) for path in clips)
    what = f"faces a minute, {len(clips)} real clips"
    rates = [60 * both / side.seconds for side in (ours, theirs)]
    alone = [f"{side.count - both} more by it alone" for side in (ours, theirs)]
    return [
        Row(f"prepare, {what}", rates[0], "", note=f"{both} faces found by both; {alone[0]}"),
        Row(f"MTCNN, {what}", rates[1], "", note=f"{both} faces found by both; {alone[1]}"),
        Row(f"prepare / MTCNN, {what}", rates[0] / rates[1], "×"),
    ]


def _small(folder: Path) -> list[Row]:
    """Return the rows on small faces."""
    scene = compose(folder / "small.mp4", SMALL, SIZES["1080p"])
    shown = FRAMES * len(SMALL)
    with pool(1) as processes:
        theirs = processes.submit(prepare_one, scene.path, FRAMES, LEAST).result()
    rows = []
    for name, faces in (("prepare's finder", in_child(_look, scene.path)), ("MTCNN", theirs)):
        hits = known(faces, scene)
        what = f"recall of {name}, faces {SMALL[0]} to {SMALL[-1]} pixels high, 1080p"
        rows.append(Row(what, hits / shown, "", note=f"{hits} of {shown}"))
    return rows


def _both(root: Path, clips: list[Path], workers: int) -> tuple[Side, Side]:
    """Return what `prepare` and MTCNN make of the clips."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, kept = in_child(_prepare, root, clips, Path(folder), workers)
    first = {path.resolve().stat().st_ino: path for path in clips}  # a face set keeps no places
    with ProcessPoolExecutor(workers, get_context("spawn")) as processes:
        found = dict(zip(first, processes.map(_look, first.values()), strict=True))
    ours = {
        path: joined(kept.get(path.relative_to(root).as_posix(), []), found[path.stat().st_ino])
        for path in clips
    }
    with pool(workers) as processes:
        start = time.perf_counter()
        work = partial(prepare_one, frames=FRAMES, least=LEAST)
        theirs = dict(zip(clips, processes.map(work, clips), strict=True))
        took = time.perf_counter() - start
    return Side(seconds, ours), Side(took, theirs)


def _prepare(
    root: Path, clips: list[Path], out: Path, workers: int
) -> tuple[float, dict[str, list[tuple[float, float]]]]:
    """Make a face set; return the seconds, and time and size of each face by path."""
    from unmask.data.manifest import make_manifest
    from unmask.data.prepare import prepare, read_faces

    names = [clip.relative_to(root).as_posix() for clip in clips]
    manifest = make_manifest(
        {"video_id": name, "path": name, "label": 0, "group_id": name, "dataset": "clips"}
        for name in names
    )
    start = time.perf_counter()
    for _ in prepare(manifest, root, out, frames=FRAMES, workers=workers):
        pass
    seconds = time.perf_counter() - start
    kept: dict[str, list[tuple[float, float]]] = {}
    for path, at, size in read_faces(out).select("path", "time", "size").iter_rows():
        kept.setdefault(path, []).append((at, size))
    return seconds, kept


def _look(clip: Path) -> list[Found]:
    """Return all faces that `prepare` can have found in a clip."""
    from unmask.data.prepare import MIN_FRAMES
    from unmask.faces import FINDERS, AtOnce, search_clip
    from unmask.media import open_media

    finder = FINDERS["centerface"](threads=1)
    with open_media(clip, frames=FRAMES) as reader:
        frames = search_clip(reader, finder, lambda _, faces: faces, AtOnce(), every=MIN_FRAMES)
        return [Found(face.time, face.box) for faces in frames for face in faces]


def _detect(clips: list[Path], size: str) -> list[Row]:
    """Return the rows on analysing clips."""
    ours = in_child(timed, _unmask, clips)
    theirs = in_child(timed, _today, clips)
    return [
        Row(f"detect, a {size} clip", ours / len(clips), "s", note="warm, one process"),
        Row(f"MTCNN and EfficientNet, a {size} clip", theirs / len(clips), "s"),
        Row(f"MTCNN and EfficientNet / detect, {size}", theirs / ours, "×"),
    ]


def timed(make: Callable[[], Callable[[Path], object]], clips: Iterable[Path]) -> float:
    """Return the seconds that the clips take once the first of them has warmed things up."""
    analyse = make()
    clips = list(clips)
    analyse(clips[0])
    start = time.perf_counter()
    for clip in clips:
        analyse(clip)
    return time.perf_counter() - start


def _unmask() -> Callable[[Path], object]:
    from unmask import Predictor

    return Predictor().detect


def _today() -> Callable[[Path], object]:
    return partial(Today(os.cpu_count() or 1).detect, frames=FRAMES, least=LEAST)


if __name__ == "__main__":
    main()
