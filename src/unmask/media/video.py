"""Video: the sampled frames of a clip, each decoded exactly, at the least cost."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import av
import numpy as np
from av.sidedata.sidedata import SideData, Type

from unmask.errors import UnreadableError
from unmask.media.container import all_tags, stream_names
from unmask.media.decoder import Decoder
from unmask.media.picture import Orientation, Painter, square_size
from unmask.media.plan import spread
from unmask.media.scan import frame_rate, scan
from unmask.types import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame

    from unmask.media.limits import Limits, Stopwatch
    from unmask.media.sniff import Format


class Video:
    """An open video.

    Attributes:
        index: its packets.
        size: width and height of the upright picture, square pixels.
        orientation: how a stored frame becomes upright.
        pixel_format: of the decoded frames, by libav's name.
        codec: by libav's name.
        seconds: length of what the file holds.
        fps: frames a second by the header, or None.
        tags: what the container and its streams note about themselves.
        streams: kind and codec of each stream in it.
        expected: frames that it should hold.
        truncated: whether it ends early.

    Raises:
        MediaError: it cannot be analysed, or is over a limit.
    """

    def __init__(
        self,
        path: Path,
        found: Format,
        limits: Limits,
        watch: Stopwatch,
        *,
        cut: bool,
        threads: int,
    ) -> None:
        self._path, self._watch = path, watch
        self._decoder = Decoder(path, found, limits, watch, threads=threads)
        container, stream = self._decoder.container, self._decoder.stream
        try:
            self.index, frame = scan(path, container, stream, limits, watch)
            limits.check(path, "pixels", frame.width * frame.height)
            size = square_size(frame.width, frame.height, stream.sample_aspect_ratio)
            limits.check(path, "pixels", size[0] * size[1])
        except BaseException:
            self.close()
            raise
        self.orientation = _orientation(frame)
        self.size = size[::-1] if self.orientation.transpose else size
        self.pixel_format = frame.format.name
        self.codec = stream.codec_context.codec.canonical_name
        self.tags = all_tags(container)
        self.streams = stream_names(container)
        self.seconds: float = self.index.seconds
        rate = frame_rate(stream)
        self.fps = float(rate) if rate else None
        self._painter = Painter(size, self.orientation)
        self._whole = int(self.index.shown.sum())
        self._promised_seconds, missing = self._promise(cut=cut)
        self.truncated = missing > 0
        self.expected = self._whole + self.index.damaged + missing

    @property
    def decoded(self) -> int:
        """Frames of ``expected`` that were decoded, or passed over without error."""
        return max(0, self._whole - self._decoder.failed)

    @property
    def notes(self) -> tuple[str, ...]:
        """One line on what is missing, if anything is."""
        have, promised = self.index.seconds, self._promised_seconds
        if self.truncated and promised > have:
            return (f"truncated: {have:.1f} s of {promised:.1f} s could be decoded",)
        if self.truncated:
            return (f"truncated: the file ends early; {have:.1f} s could be decoded",)
        if self.decoded < self.expected:
            lost = self.expected - self.decoded
            return (f"damaged: {lost} of {self.expected} frames could not be decoded",)
        return ()

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def sample(self, frames: int) -> Iterator[Frame]:
        """Yield up to ``frames`` frames, spread evenly over what the file holds, in order of time.

        Raises:
            OverLimitError: it takes longer than the limit.
            UnreadableError: none decodes.
        """
        index = self.index
        shown = np.flatnonzero(index.shown)
        shown = shown[index.pts[shown].argsort(kind="stable")]
        # As floats: a hostile file may hold times whose difference no int64 takes.
        times = (index.pts[shown].astype(np.float64) - index.first) * float(index.base)
        targets = shown[spread(times, index.seconds, frames)]
        wanted = deque(index.pts[targets].tolist())
        asked = len(wanted)
        for time, frame in self._decoder.frames(index, set(targets.tolist())):
            if not wanted:
                return
            if time < wanted[0]:
                continue
            # A frame that does not decode is stood in for by the next one that does.
            while wanted and wanted[0] <= time:
                wanted.popleft()
            image = self._painter.paint(frame)
            self._watch.pause()
            yield Frame(float((time - index.first) * index.base), image)
            self._watch.resume()
        if len(wanted) == asked:
            raise UnreadableError(self._path, "no frame of it decodes; get the file again")

    def _promise(self, *, cut: bool) -> tuple[float, int]:
        """Seconds that the header promises, and how many promised frames are not there."""
        stream, index = self._decoder.stream, self.index
        seconds = (self._decoder.container.duration or 0) / av.time_base
        if self._decoder.container.format.name == "mov":  # its index names every frame
            if stream.duration and stream.time_base:
                seconds = float(stream.duration * stream.time_base)
            return seconds, max(0, len(stream.index_entries) - len(index.pts))
        if not (cut or index.short):
            return seconds, 0
        promised = max(stream.frames, round(seconds * (self.fps or 0)))
        return seconds, max(1, promised - self._whole - index.damaged)


def _orientation(frame: VideoFrame) -> Orientation:
    for data in frame.side_data:
        if isinstance(data, SideData) and data.type == Type.DISPLAYMATRIX:
            return Orientation.from_matrix(tuple(np.frombuffer(bytes(data), np.int32).tolist()))
    return Orientation()
