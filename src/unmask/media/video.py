"""Video: the sampled frames of a clip, each decoded exactly, at the least cost."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING

import av
import numpy as np
from av.sidedata.sidedata import SideData, Type

from unmask.media.container import open_stream
from unmask.media.picture import Orientation, Painter, square_size
from unmask.media.plan import Run, runs, spread
from unmask.media.scan import decode, frame_rate, scan
from unmask.types import Frame

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from unmask.media.limits import Limits, Stopwatch
    from unmask.media.sniff import Format

# Demuxers whose packets keep their times when they are reached by seeking.
_SEEKABLE = frozenset({"mov", "matroska", "mpegts", "flv", "asf"})


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
        tags: what the container notes about itself.
        expected: frames that it should hold.
        truncated: whether it ends early.

    Raises:
        MediaError: it cannot be analysed, or is over a limit.
    """

    def __init__(
        self, path: Path, found: Format, limits: Limits, watch: Stopwatch, *, cut: bool
    ) -> None:
        self._path, self._found, self._limits, self._watch = path, found, limits, watch
        self._container, self._stream = open_stream(path, found, limits)
        try:
            self.index = scan(path, self._container, self._stream, limits, watch)
            frame = self.index.frame
            limits.check(path, "pixels", frame.width * frame.height)
            size = square_size(frame.width, frame.height, self._stream.sample_aspect_ratio)
            limits.check(path, "pixels", size[0] * size[1])
        except BaseException:
            self.close()
            raise
        self.orientation = _orientation(frame)
        self.size = size[::-1] if self.orientation.transpose else size
        self.pixel_format = frame.format.name
        self.codec = self._stream.codec_context.codec.canonical_name
        self.tags = dict(self._container.metadata)
        self.seconds: float = self.index.seconds
        rate = frame_rate(self._stream)
        self.fps = float(rate) if rate else None
        self._painter = Painter(size, self.orientation)
        self._failed = 0
        self._whole = int(self.index.shown.sum())
        self._promised_seconds, missing = self._promise(cut=cut)
        self.truncated = missing > 0
        self.expected = self._whole + self.index.damaged + missing

    @property
    def decoded(self) -> int:
        """Frames of ``expected`` that were decoded, or passed over without error."""
        return max(0, self._whole - self._failed)

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
        self._container.close()

    def sample(self, frames: int) -> Iterator[Frame]:
        """Yield up to ``frames`` frames, spread evenly over what the file holds, in order of time.

        Raises:
            OverLimitError: it takes longer than the limit.
        """
        self._failed = 0
        index = self.index
        shown = np.flatnonzero(index.shown)
        shown = shown[index.pts[shown].argsort(kind="stable")]
        times = np.asarray((index.pts[shown] - index.first) * float(index.base), np.float64)
        targets = shown[spread(times, index.seconds, frames)]
        wanted = deque(index.pts[targets].tolist())
        for time, frame in self._decode(set(targets.tolist())):
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

    def _promise(self, *, cut: bool) -> tuple[float, int]:
        """Seconds that the header promises, and how many promised frames are not there."""
        stream, index = self._stream, self.index
        length = self._container.duration or 0
        seconds = length / av.time_base
        if self._found.demuxer == "mov":  # its index names every frame
            if stream.duration and stream.time_base:
                seconds = float(stream.duration * stream.time_base)
            return seconds, max(0, len(stream.index_entries) - len(index.pts))
        if not (cut or index.short):
            return seconds, 0
        promised = max(stream.frames, round(seconds * (self.fps or 0)))
        return seconds, max(1, promised - self._whole - index.damaged)

    def _decode(self, targets: set[int]) -> Iterator[tuple[int, VideoFrame]]:
        """The frames that come out when ``targets`` are decoded, with their times in index units;
        others come out between them."""
        if not self.index.exact:
            self._reopen()
            packets = self._container.demux(self._stream)
            yield from zip(count(), self._feed(packets), strict=False)
            return
        for run in runs(self.index.pts, self.index.keys, targets):
            whole = yield from self._decode_run(run, targets, patient=run.start == 0)
            if not whole:
                # Some keyframes only begin a gradual refresh: the one before ends it in time.
                before = np.flatnonzero(self.index.keys[: run.start])
                start = int(before[-1]) if len(before) else 0
                yield from self._decode_run(Run(start, run.stop), targets, patient=True)

    def _decode_run(
        self, run: Run, targets: set[int], *, patient: bool
    ) -> Generator[tuple[int, VideoFrame], None, bool]:
        """The frames of one run. Gives up, returning False, if its first target does not come out
        and it is not ``patient``."""
        first = min(int(self.index.pts[i]) for i in targets if run.start <= i < run.stop)
        for frame in self._feed(self._packets(run, targets)):
            if frame.pts is None:
                continue
            patient |= frame.pts == first
            if frame.pts > first and not patient:
                return False
            yield frame.pts, frame
        return patient

    def _feed(self, packets: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
        """Decode ``packets``, then what the decoder still holds, and leave it empty."""
        try:
            for packet in packets:  # may reopen the file: the decoder is another one afterwards
                self._watch.check()
                if packet.size == 0:
                    continue
                frames, whole = decode(packet)
                self._failed += not whole
                yield from frames
            try:
                rest = self._stream.codec_context.decode(None)
            except av.FFmpegError:
                rest = []
            yield from rest
        finally:
            self._stream.codec_context.flush_buffers()

    def _packets(self, run: Run, targets: Collection[int]) -> Iterator[Packet[VideoStream]]:
        """The packets of ``run``, set up so that only what ``targets`` need is decoded."""
        number = {pts: i for i, pts in enumerate(self.index.pts.tolist())}
        reached = -1
        for packet in self._from(run.start, number):
            reached = number.get(packet.pts, reached) if packet.pts is not None else reached
            if reached < run.start:
                continue
            if reached >= run.stop:
                return
            # No other picture is built from a non-reference one: leaving it out changes nothing.
            needed = reached in targets
            self._stream.codec_context.skip_frame = "DEFAULT" if needed else "NONREF"
            yield packet

    def _from(self, start: int, number: dict[int, int]) -> Iterator[Packet[VideoStream]]:
        """Packets from ``start`` or some way before it: by seeking, or else from the beginning."""
        if self._found.demuxer in _SEEKABLE:
            try:
                self._container.seek(int(self.index.dts[start]), stream=self._stream)
                packets = self._container.demux(self._stream)
                packet = next(packets)
            except (av.FFmpegError, StopIteration):
                pass
            else:
                if packet.pts is not None and number.get(packet.pts, start + 1) <= start:
                    yield packet
                    yield from packets
                    return
        self._reopen()
        yield from self._container.demux(self._stream)

    def _reopen(self) -> None:
        self.close()
        self._container, self._stream = open_stream(self._path, self._found, self._limits)


def _orientation(frame: VideoFrame) -> Orientation:
    for data in frame.side_data:
        if isinstance(data, SideData) and data.type == Type.DISPLAYMATRIX:
            return Orientation.from_matrix(tuple(np.frombuffer(bytes(data), np.int32).tolist()))
    return Orientation()
