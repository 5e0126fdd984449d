"""Clips for the benchmarks: scaled, looped, and composed with faces at known places.

A clip is encoded as two seconds at most of H.264 (preset ``veryfast``) and then repeated packet by
packet, which takes no time and costs a decoder what any clip of that length does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame

    from unmask.types import Box, Image

ROOT = Path(__file__).resolve().parent.parent
SHARED_CLIPS = ROOT.parent / "shared/data/clips"
DFDC_CLIP = SHARED_CLIPS / "dfdc/lynaeydofd.mp4"
SAMPLE_CLIP = ROOT / "samples/real/astronaut.mp4"
SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
SECONDS = 10.0
"""Length of a clip that nothing else is said of."""

RATE, TURN = 30, 60
"""Frames a second, and frames that are encoded before they are repeated."""

ROOM = 1.7
"""Side of the square that is pasted, in heights of the face."""

GRAIN = 2.0
"""Standard deviation of the noise in every frame, of 255: it makes a clip as large as a camera's
(some 3 Mbit/s at 1080p)."""


class Scene(NamedTuple):
    """A composed clip; ``boxes`` holds those of each frame of one turn."""

    path: Path
    boxes: list[list[Box]]

    def at(self, time: float) -> list[Box]:
        """Return the boxes of the faces shown at a time in seconds."""
        return self.boxes[round(time * RATE) % len(self.boxes)]


def base_clip(folder: Path, clip: Path | None = None) -> Path:
    """Return ``clip``, or a DFDC clip if it is there, or else 10 s of 1080p made from a sample."""
    if clip or DFDC_CLIP.exists():
        return clip or DFDC_CLIP
    return scale(SAMPLE_CLIP, folder / "made.mp4", *SIZES["1080p"])


def scale(clip: Path, target: Path, width: int, height: int, seconds: float = SECONDS) -> Path:
    """Write the first two seconds of ``clip`` at another size, again and again for ``seconds``."""
    import av

    turn = target.with_stem(f"{target.stem}-turn")
    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rate = stream.average_rate or Fraction(RATE)
        frames = islice(container.decode(stream), round(2 * rate))
        encode((frame.reformat(width, height, "yuv420p") for frame in frames), turn, rate)
    return loop(turn, target, seconds)


def loop(clip: Path, target: Path, seconds: float) -> Path:
    """Write ``clip`` again and again, for ``seconds`` at least, without encoding anything."""
    import av

    turn, done = 0, 0.0
    with av.open(target, "w") as out:
        copy = None
        while done < seconds:
            with av.open(clip) as container:
                stream = container.streams.video[0]
                copy = copy or out.add_stream_from_template(stream)
                for packet in container.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += turn * stream.duration
                    packet.dts += turn * stream.duration
                    packet.stream = copy
                    out.mux(packet)
                turn += 1
                done = turn * float(stream.duration * stream.time_base)
    return target


def compose(target: Path, faces: Sequence[float], size: tuple[int, int], *, seed: int = 0) -> Scene:
    """Write a clip of `SECONDS` in which portraits drift before cloth, and say where.

    Args:
        target: file to write.
        faces: height of each face in pixels, side by side from the left; a column each.
        size: width and height of the clip.
        seed: of the looks, the places and the ways.

    A box is known to 3 % of the face's height, by which the tests' portraits move in their square.
    """
    import cv2
    import numpy as np

    rng = np.random.default_rng(seed)
    patches = [_patch(int(rng.integers(1000)), height) for height in faces]
    starts = [_start(n, len(faces), patch, size, rng) for n, (patch, _) in enumerate(patches)]
    ways = rng.uniform(-0.3, 0.3, (len(faces), 2))  # pixels a frame
    back = _cloth(*size)
    grain = rng.normal(0, GRAIN, (size[1] + 64, size[0] + 64)).round().astype(np.int8)
    grain = np.repeat(grain[..., None], 3, axis=2)
    boxes: list[list[Box]] = []

    def frames() -> Iterator[VideoFrame]:
        import av

        for number in range(TURN):
            away = number if number < TURN // 2 else TURN - number  # there and back
            picture, found = back.copy(), []
            for (patch, shape), start, way in zip(patches, starts, ways, strict=True):
                x, y = np.round(start + away * way).astype(int)
                paste(picture, patch, x, y)
                centre = np.array([x, y]) + patch.shape[0] / 2
                found.append((*(centre - shape / 2).tolist(), *(centre + shape / 2).tolist()))
            boxes.append(found)
            left, top = rng.integers(64, size=2)
            noise = grain[top : top + size[1], left : left + size[0]]
            noisy = cv2.add(picture, noise, dtype=cv2.CV_8U)
            yield av.VideoFrame.from_ndarray(noisy, format="rgb24").reformat(format="yuv420p")

    turn = target.with_stem(f"{target.stem}-turn")
    encode(frames(), turn, Fraction(RATE))
    return Scene(loop(turn, target, SECONDS), boxes)


def encode(frames: Iterable[VideoFrame], target: Path, rate: Fraction) -> None:
    """Write frames as H.264."""
    import av

    frames = iter(frames)
    first = next(frames)
    with av.open(target, "w") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
        for number, frame in enumerate(chain([first], frames)):
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def paste(picture: Image, patch: Image, x: int, y: int) -> None:
    """Lay a square on a picture with soft edges; ``x`` and ``y`` are its upper left corner."""
    import numpy as np

    side = patch.shape[0]
    ramp = np.clip(8 * np.minimum(np.arange(side) + 0.5, side - 0.5 - np.arange(side)) / side, 0, 1)
    share = np.minimum.outer(ramp, ramp)[..., None]
    below = picture[y : y + side, x : x + side]
    below[:] = np.round(share * patch + (1 - share) * below)


def _patch(seed: int, height: float) -> tuple[Image, Image]:
    """Return a portrait around a face of this height, and the width and height of its box."""
    import cv2
    import numpy as np

    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    from portraits import PEOPLE, portrait

    person = sorted(PEOPLE)[seed % len(PEOPLE)]
    x0, y0, x1, y1 = PEOPLE[person]
    side = round(ROOM * height)
    large = portrait(seed, person, size=max(side, 400), room=ROOM)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.array(
        [height * (x1 - x0) / (y1 - y0), height]
    )


def _start(
    number: int, count: int, patch: Image, size: tuple[int, int], rng: np.random.Generator
) -> Image:
    """Return where a square begins: somewhere in its column, with room for its way."""
    import numpy as np

    column, margin = size[0] / count, 10
    room = np.array([column, size[1]]) - patch.shape[0] - 2 * margin
    if (room < 0).any():
        sys.exit(f"{count} faces, one {patch.shape[0] / ROOM:.0f} pixels high, do not fit {size}")
    return rng.uniform(0, 1, 2) * room + margin + np.array([number * column, 0])


def _cloth(width: int, height: int) -> Image:
    """Return a ground without a face: the lower half of a portrait, mirrored again and again."""
    import cv2
    import numpy as np

    picture = cv2.cvtColor(cv2.imread(str(ROOT / "samples/real/astronaut.jpg")), cv2.COLOR_BGR2RGB)
    tile = cv2.resize(picture[220:], (768, 438), interpolation=cv2.INTER_CUBIC)
    pair = np.concatenate((tile, tile[:, ::-1]), axis=1)
    block = np.concatenate((pair, pair[::-1]))
    rows = list(repeat(block, -(-height // block.shape[0])))
    wide = list(repeat(np.concatenate(rows), -(-width // block.shape[1])))
    return np.ascontiguousarray(np.concatenate(wide, axis=1)[:height, :width])
