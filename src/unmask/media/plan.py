"""Which frames of a clip are sampled, and how much of it must be decoded to reach them.

Pure functions of numbers: nothing here opens a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

# Packets that it pays to leave out: a break drains the decoder's threads, which costs about as
# much as decoding this many frames.
_WORTH_A_BREAK = 24
_ROUNDING = 1e-6  # seconds; a frame that starts on a middle is on screen there


class Run(NamedTuple):
    """Packets ``start`` (a keyframe) up to but without ``stop``, in order of decoding."""

    start: int
    stop: int


def spread(times: npt.NDArray[np.float64], end: float, frames: int) -> npt.NDArray[np.int64]:
    """Return the indices of the frames sampled from a clip, evenly over its whole length.

    The clip is cut into ``frames`` equal segments, and the frame on screen at the middle of each
    is taken; where that would take one frame twice, its neighbour follows. A clip that has fewer
    frames gives every frame once.

    Args:
        times: float64 [N], start of each frame in seconds, increasing.
        end: when the last frame leaves the screen, seconds.
        frames: how many to sample, at least 1.

    Returns:
        int64 [min(N, frames)], strictly increasing.
    """
    count = len(times)
    if count <= frames:
        return np.arange(count)
    order = np.arange(frames)
    middles = times[0] + (order + 0.5) * (end - times[0]) / frames
    shown = np.searchsorted(times, middles + _ROUNDING, side="right") - 1
    # Push repeats onwards, then back from the end: strictly increasing and inside the clip.
    onwards = np.maximum.accumulate(shown - order) + order
    return np.minimum(onwards, count - frames + order)


def runs(
    pts: npt.NDArray[np.int64], keys: npt.NDArray[np.bool_], targets: Collection[int]
) -> list[Run]:
    """Return the stretches of packets to decode so that every target comes out.

    A target's stretch starts at the last keyframe that stands before it both in the file and on
    screen: a picture shown before the keyframe it follows in the file may need the pictures
    before that keyframe.

    Args:
        pts: int64 [N], presentation time of each packet, in order of decoding.
        keys: bool [N], whether the packet is a keyframe.
        targets: indices of packets.
    """
    starts = np.flatnonzero(keys)
    found: list[Run] = []
    for target in sorted(targets):
        before = starts[: np.searchsorted(starts, target, side="right")]
        usable = before[pts[before] <= pts[target]]
        start = int(usable[-1]) if len(usable) else 0
        while found and start < found[-1].stop + _WORTH_A_BREAK:
            start = min(start, found.pop().start)
        found.append(Run(start, target + 1))
    return found
