"""Decoding chosen frames of a video: all that they need, and as little else as possible."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import av
import numpy as np

from unmask.media.container import open_stream
from unmask.media.plan import Run, runs
from unmask.media.scan import LATE_STREAM, decode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from unmask.media.limits import Limits, Stopwatch
    from unmask.media.scan import Index
    from unmask.media.sniff import Format

# Demuxers whose packets keep their times when they are reached by seeking.
_SEEKABLE = frozenset({"mov", "matroska", "mpegts", "flv", "asf"})
_NEAR = 100  # packets; up to here reading on costs no more than seeking


class Decoder:
    """An open container with its picture stream.

    Attributes:
        container: libavformat's, and
        stream: its picture stream; both are others after `frames` has reopened the file.
        failed: packets that did not decode, of those that `frames` has tried.

    Raises:
        MediaError: the file cannot be opened, or is over a limit.
    """

    container: InputContainer
    stream: VideoStream

    def __init__(
        self, path: Path, found: Format, limits: Limits, watch: Stopwatch, *, threads: int
    ) -> None:
        self._path, self._found, self._limits, self._watch = path, found, limits, watch
        self._threads = threads
        self._seekable = found.demuxer in _SEEKABLE
        self.failed = 0
        self._open()

    def close(self) -> None:
        """Close the file."""
        self.container.close()

    def frames(self, index: Index, targets: set[int]) -> Iterator[tuple[int, VideoFrame]]:
        """Decode the packets ``targets`` of ``index``.

        Yields:
            Time in units of ``index`` and frame, in order of time. Frames that the targets are
            built from come out between them, and a target that is damaged does not come out.
        """
        self.failed = 0
        if not index.exact:
            self.close()
            self._open()
            yield from zip(count(), self._feed(self._demux()), strict=False)
            return
        self._number = {pts: i for i, pts in enumerate(index.pts.tolist())}
        self._source: Iterator[Packet[VideoStream]] = iter(())
        self._ahead: Packet[VideoStream] | None = None
        for run in runs(index.pts, index.keys, targets):
            whole = yield from self._run(index, run, targets, patient=run.start == 0)
            if not whole:
                # Some keyframes only begin a gradual refresh: the one before ends it in time.
                before = np.flatnonzero(index.keys[: run.start])
                start = int(before[-1]) if len(before) else 0
                yield from self._run(index, Run(start, run.stop), targets, patient=True)

    def _run(
        self, index: Index, run: Run, targets: set[int], *, patient: bool
    ) -> Generator[tuple[int, VideoFrame], None, bool]:
        """The frames of one run. Gives up, returning False, if its first target does not come out
        and it is not ``patient``."""
        first = min(int(index.pts[i]) for i in targets if run.start <= i < run.stop)
        for frame in self._feed(self._packets(index, run, targets)):
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
                frames, whole = decode(packet)
                self.failed += not whole
                yield from frames
            yield from self._rest()
        finally:
            self.stream.codec_context.flush_buffers()

    def _rest(self) -> list[VideoFrame]:
        try:
            return self.stream.codec_context.decode(None)
        except av.FFmpegError:
            return []

    def _packets(self, index: Index, run: Run, targets: set[int]) -> Iterator[Packet[VideoStream]]:
        """The packets of ``run``, set up so that only what ``targets`` need is decoded."""
        at = self._go(index, run.start)
        while (packet := self._ahead) is not None:
            at = self._at(packet, at)
            if at >= run.stop:
                return  # the next run begins with this packet, or after it
            self._ahead = next(self._source, None)
            if at >= run.start:
                # Nothing is built from a non-reference picture: leaving it out changes no other.
                needed = at in targets
                self.stream.codec_context.skip_frame = "DEFAULT" if needed else "NONREF"
                yield packet

    def _go(self, index: Index, start: int) -> int:
        """Stand before packet ``start``, or some way before that; return where."""
        packet = self._ahead
        here = len(index.pts) if packet is None else self._at(packet, len(index.pts))
        if here <= start <= here + _NEAR:
            return here
        if self._seekable and (there := self._seek(index, start)) is not None:
            return there
        # This file's packets cannot be found again by their times: read on, or once more.
        if self._seekable or not here <= start:
            self._seekable = False
            self.close()
            self._open()
            self._start()
            return -1
        return here

    def _seek(self, index: Index, start: int) -> int | None:
        try:
            self.container.seek(int(index.dts[start]), stream=self.stream)
        except av.FFmpegError:
            return None
        self._start()
        there = len(index.pts) if self._ahead is None else self._at(self._ahead, len(index.pts))
        return there if there <= start else None

    def _start(self) -> None:
        self._source = self._demux()
        self._ahead = next(self._source, None)

    def _at(self, packet: Packet[VideoStream], otherwise: int) -> int:
        """Which packet of the index this is."""
        return otherwise if packet.pts is None else self._number.get(packet.pts, otherwise)

    def _demux(self) -> Iterator[Packet[VideoStream]]:
        """Packets as they come, as far as they can be read."""
        try:
            yield from (packet for packet in self.container.demux(self.stream) if packet.size)
        except (av.FFmpegError, LATE_STREAM):
            return

    def _open(self) -> None:
        self.container, self.stream = open_stream(
            self._path, self._found, self._limits, self._threads
        )
