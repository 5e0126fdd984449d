"""One pass over the packets of a video, before any is decoded in earnest.

No header is trusted with the number of frames or their times: both are taken from the packets
that the file really holds, which also shows at once how much of a cut file is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import numpy as np

from unmask.errors import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from unmask.media.limits import Limits, Stopwatch

_USUAL_RATE = Fraction(25)  # frames a second where neither header nor time stamps tell
_LONGEST_STAY = 100  # usual frame durations; a last frame that stays longer is a broken header
LATE_STREAM = IndexError
"""What PyAV raises at the end of a file in which a stream turned up late."""


@dataclass(frozen=True)
class Index:
    """The packets of one video stream, in order of decoding.

    Attributes:
        pts: int64 [N], presentation times in units of ``base``; where the file's own cannot be
            used, the ordinal numbers of the packets.
        dts: int64 [N], decoding times, for seeking; ``pts`` where the file has none.
        keys: bool [N], keyframes.
        shown: bool [N], packets that end up on screen: whole, and not cut off by an edit list.
        damaged: packets that would, were they whole.
        base: seconds in one unit.
        exact: whether ``pts`` are the file's own times.
        end: when the last frame leaves the screen, in units of ``base``.
        first: time of the first frame that decodes, in units of ``base``.
        short: whether the last packet is incomplete, or the demuxer could not read to the end.
    """

    pts: npt.NDArray[np.int64]
    dts: npt.NDArray[np.int64]
    keys: npt.NDArray[np.bool_]
    shown: npt.NDArray[np.bool_]
    damaged: int
    base: Fraction
    exact: bool
    first: int
    end: int
    short: bool

    @property
    def seconds(self) -> float:
        """Length of the clip, seconds."""
        return float((self.end - self.first) * self.base)


@dataclass
class _Packets:
    pts: list[int | None] = field(default_factory=list)
    dts: list[int | None] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    discarded: list[bool] = field(default_factory=list)
    corrupt: list[bool] = field(default_factory=list)
    stays: list[int] = field(default_factory=list)
    short: bool = False

    def add(self, packet: Packet[VideoStream]) -> None:
        self.pts.append(packet.pts)
        self.dts.append(packet.dts)
        self.keys.append(packet.is_keyframe)
        self.discarded.append(packet.is_discard)
        self.corrupt.append(packet.is_corrupt)
        self.stays.append(packet.duration or 0)
        self.short = packet.is_corrupt


def frame_rate(stream: VideoStream) -> Fraction | None:
    """Frames a second by the header, or None where it does not say."""
    return stream.average_rate or stream.guessed_rate or None


def scan(
    path: Path, container: InputContainer, stream: VideoStream, limits: Limits, watch: Stopwatch
) -> tuple[Index, VideoFrame]:
    """Read through the packets of ``stream``; return what they are, and the first frame decoded.

    Raises:
        OverLimitError: there are more frames, or they last longer, than ``limits`` allow.
        UnreadableError: there is no frame that decodes.
    """
    packets, frame = _Packets(), None
    source = container.demux(stream)
    while True:
        watch.check()
        try:
            packet = next(source, None)
        except av.FFmpegError:
            packets.short = True
            break
        except LATE_STREAM:
            break
        if packet is None:
            break
        if frame is None:
            frame = next(iter(decode(packet)[0]), None)
        if packet.size:
            packets.add(packet)
            limits.check(path, "frames", len(packets.pts))
    if not packets.pts:
        raise UnreadableError(path, "it holds no frame; get the file again")
    if frame is None:
        raise UnreadableError(path, "it holds no frame that decodes; get the file again")
    index = _index(packets, stream, frame, ordinal=container.format.name == "avi")
    if not index.shown.any():
        raise UnreadableError(path, "it holds no whole frame; get the file again")
    limits.check(path, "duration", index.seconds)
    return index, frame


def _index(packets: _Packets, stream: VideoStream, frame: VideoFrame, *, ordinal: bool) -> Index:
    rate = frame_rate(stream) or _USUAL_RATE
    base = stream.time_base or 1 / rate
    known = [time for time in packets.pts if time is not None]
    # AVI has no presentation times: with reordered frames the guessed ones are wrong.
    ordinal = ordinal and bool(stream.codec_context.has_b_frames)
    # Recordings strung together begin again in time.
    again = any(b < a for a, b in pairwise(time for time in packets.dts if time is not None))
    unique = len(set(known)) == len(packets.pts)
    exact = unique and frame.pts is not None and not (ordinal or again)
    if exact:
        pts = np.array(known, np.int64)
        first = frame.pts or 0
    else:
        pts, first, base = np.arange(len(packets.pts)), 0, 1 / rate
    dts = [
        time if exact and time is not None else int(pts[i]) for i, time in enumerate(packets.dts)
    ]
    on_screen = ~np.array(packets.discarded)
    if exact:  # what stands before the first frame needs pictures that the file lacks
        on_screen &= pts >= first
    corrupt = np.array(packets.corrupt)
    shown = on_screen & ~corrupt
    last = int(np.where(shown, pts, first - 1).argmax())
    usual = max(1, round(1 / rate / base))
    stay = packets.stays[last] if exact else 1
    return Index(
        pts=pts,
        dts=np.array(dts, np.int64),
        keys=np.array(packets.keys),
        shown=shown,
        damaged=int((on_screen & corrupt).sum()),
        base=base,
        exact=exact,
        first=first,
        end=max(first, int(pts[last])) + (stay if 0 < stay <= _LONGEST_STAY * usual else usual),
        short=packets.short,
    )


def decode(packet: Packet[VideoStream]) -> tuple[list[VideoFrame], bool]:
    """The frames that come out when ``packet`` goes in, and whether it went in without error."""
    try:
        return packet.decode(), True
    except av.FFmpegError:
        return [], False
