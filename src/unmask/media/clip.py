"""Video files: opening a container and reading through its packets once.

Nothing here trusts a header: frames are counted, and times are taken, from the packets that the
file really holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.stream import Discard, Disposition

from unmask.errors import UnreadableError, UnsupportedError
from unmask.media.picture import Orientation, square_size

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from unmask.media.limits import Limits, Stopwatch
    from unmask.media.sniff import Format

_FALLBACK_RATE = Fraction(25)  # where neither header nor time stamps tell
_ORDINAL_CONTAINERS = frozenset({"avi"})  # carry no presentation times


@dataclass
class Index:
    """The packets of one video stream, in order of decoding.

    Attributes:
        pts: int64 [N], presentation time in ``time_base`` units; the ordinal number of the packet
            where the file's own times cannot be used.
        keys: bool [N], keyframes.
        time_base: seconds in one unit of ``pts``.
        exact: whether ``pts`` are the file's own times, one for each frame.
        end: when the last frame leaves the screen, in units of ``pts``.
        damaged: packets that the demuxer called corrupt.
        broken: the demuxer's complaint where it could not read to the end, else empty.
    """

    pts: npt.NDArray[np.int64]
    keys: npt.NDArray[np.bool_]
    time_base: Fraction
    exact: bool
    end: int
    damaged: int
    broken: str


@dataclass
class Clip:
    """An open video: the container, its picture stream and all that is known about it."""

    container: InputContainer
    stream: VideoStream
    index: Index
    size: tuple[int, int]  # with square pixels, before turning
    orientation: Orientation
    pixel_format: str
    first: int  # pts of the first frame that decodes
    notes: list[str] = field(default_factory=list)

    @property
    def fps(self) -> float | None:
        """Frames a second by the header, or None where it does not say."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        return float(rate) if rate else None


def open_container(path: Path, found: Format, limits: Limits) -> InputContainer:
    """Open the file at ``path`` with the demuxer of ``found`` and no other, and no other file.

    ``file:`` keeps libavformat from reading a pattern or an address into a name.
    """
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": found.demuxer,
        "enable_drefs": "0",
        "use_absolute_path": "0",
        "max_pixels": str(limits.pixels),
    }
    return av.open(
        f"file:{path.absolute()}",
        format=found.demuxer,
        options=options,
        metadata_errors="replace",
    )


def picture_stream(path: Path, container: InputContainer, limits: Limits) -> VideoStream:
    """Choose the largest video stream that is not a cover picture, and switch the others off.

    Raises:
        OverLimitError: the header declares more than ``limits`` allow.
        UnsupportedError: there is none, or nothing here decodes it.
    """
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]
    if not streams:
        has_sound = bool(container.streams.audio)
        raise UnsupportedError(
            path,
            "it has sound but no picture; give a file with video"
            if has_sound
            else "it holds no video stream; give a file with video",
        )
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise UnsupportedError(path, "its video codec is not supported; convert it to H.264 MP4")
    best = max(decodable, key=lambda stream: (bool(stream.disposition & 1), _area(stream)))
    limits.check(path, "pixels", _area(best))
    limits.check(path, "frames", best.frames)
    if best.duration and best.time_base:
        limits.check(path, "duration", float(best.duration * best.time_base))
    for stream in container.streams:
        if stream is not best:
            stream.discard = Discard.all
    best.codec_context.options = {"max_pixels": str(limits.pixels)}
    best.codec_context.thread_type = "AUTO"
    return best


def read_clip(path: Path, found: Format, limits: Limits, watch: Stopwatch) -> Clip:
    """Open a video, read through its packets, and decode its first frame.

    Raises:
        MediaError: it cannot be analysed, or is over a limit.
    """
    container = open_container(path, found, limits)
    try:
        stream = picture_stream(path, container, limits)
        index, frame = _scan(path, container, stream, limits, watch)
        if frame is None:
            raise UnreadableError(path, "it holds no frame that decodes; get the file again")
        limits.check(path, "pixels", frame.width * frame.height)
        aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
        size = square_size(frame.width, frame.height, aspect)
        limits.check(path, "pixels", size[0] * size[1])
        first = frame.pts if index.exact and frame.pts is not None else int(index.pts.min())
        return Clip(container, stream, index, size, _orientation(frame), frame.format.name, first)
    except BaseException:
        container.close()
        raise


def _area(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def _orientation(frame: VideoFrame) -> Orientation:
    for data in frame.side_data:  # type: ignore[attr-defined]
        if data.type == SideData.DISPLAYMATRIX:
            return Orientation.from_matrix(tuple(np.frombuffer(data, np.int32).tolist()))
    return Orientation()


def _scan(
    path: Path, container: InputContainer, stream: VideoStream, limits: Limits, watch: Stopwatch
) -> tuple[Index, VideoFrame | None]:
    pts: list[int | None] = []
    keys: list[bool] = []
    first: VideoFrame | None = None
    damaged, broken, last = 0, "", 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            broken = error.strerror or "unknown"
            break
        if packet is None:
            break
        watch.check()
        if first is None:
            first = next(iter(decode(packet)), None)
        if packet.size == 0 or packet.is_discard:
            continue
        if packet.is_corrupt:
            damaged += 1
            continue
        pts.append(packet.pts)
        keys.append(packet.is_keyframe)
        limits.check(path, "frames", len(pts))
        if packet.pts is not None:
            last = max(last, packet.duration or 0)
    if not pts:
        raise UnreadableError(path, "it holds no frame; get the file again")
    index = _index(pts, keys, stream, last, damaged, broken, container.format.name)
    limits.check(path, "duration", float((index.end - int(index.pts.min())) * index.time_base))
    return index, first


def _index(
    pts: list[int | None],
    keys: list[bool],
    stream: VideoStream,
    longest: int,
    damaged: int,
    broken: str,
    container: str,
) -> Index:
    times = [time for time in pts if time is not None]
    reordered = container in _ORDINAL_CONTAINERS and stream.codec_context.has_b_frames
    rate = stream.average_rate or stream.guessed_rate or _FALLBACK_RATE
    if len(times) < len(pts) or len(set(times)) < len(times) or reordered:
        return Index(
            np.arange(len(pts)), np.array(keys), 1 / rate, False, len(pts), damaged, broken
        )
    base = stream.time_base or Fraction(1, 1000)
    usual = max(1, round(1 / rate / base))
    # One frame's stay is its packet's duration, unless that is missing or out of all proportion.
    stay = longest if 0 < longest <= 100 * usual else usual
    return Index(np.array(times), np.array(keys), base, True, max(times) + stay, damaged, broken)


def decode(packet: Any) -> list[VideoFrame]:
    """The frames that come out when ``packet`` goes in; none where it is damaged."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []
