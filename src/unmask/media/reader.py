"""The one decoder: from a file to upright RGB frames."""

from __future__ import annotations

import hashlib
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
import cv2

from unmask.errors import SettingError, UnreadableError
from unmask.media.boxes import check_boxes
from unmask.media.clip import Clip, decode, read_clip
from unmask.media.limits import Limits, Stopwatch
from unmask.media.picture import Painter
from unmask.media.plan import runs, spread
from unmask.media.sniff import HEAD, Format, recognise
from unmask.media.stills import Still, read_still
from unmask.types import Frame, Media

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LIMITS_GIVEN = Limits()


def open_media(
    path: str | Path, *, frames: int = 32, limits: Limits = _NO_LIMITS_GIVEN
) -> MediaReader:
    """Open an image or a video; what it is, its content decides, never its name.

    >>> with open_media("clip.mp4", frames=32) as reader:  # doctest: +SKIP
    ...     for frame in reader:
    ...         print(frame.time, frame.image.shape)

    Args:
        path: a file.
        frames: how many frames to sample from a video, spread evenly over its whole length.
        limits: the largest file to open.

    Raises:
        UnreadableError: the file is missing, empty or damaged.
        UnsupportedError: it is of a kind that unmask does not open.
        OverLimitError: it is larger or longer than ``limits`` allow.
        SettingError: ``frames`` is below 1.
    """
    if frames < 1:
        raise SettingError(f"frames must be at least 1. Got {frames}")
    path = Path(path)
    with _one_line(path):
        return MediaReader(path, frames, limits)


class MediaReader:
    """An open medium: its facts at once, its frames by iteration.

    Attributes:
        media: facts about the file.
        expected: frames that the file should hold, sampled or not; 1 for a still.
        decoded: frames of ``expected`` that were decoded, or passed over without error.
        truncated: whether the file ends early.
        notes: one line each on what the frames lack.
    """

    def __init__(self, path: Path, frames: int, limits: Limits) -> None:
        self._path = path
        self._frames = frames
        self._watch = Stopwatch(path, limits)
        size = _size(path)
        limits.check(path, "file_bytes", size)
        with path.open("rb") as file:
            found = recognise(path, file.read(HEAD))
        cut = found.demuxer == "mov" and check_boxes(path)
        self._source: Still | Clip
        if not found.demuxer:
            self._source = read_still(path, found.name, limits)
        else:
            self._source = read_clip(path, found, limits, self._watch)
        self.expected = self.decoded = 1
        self.truncated = False
        self.notes: tuple[str, ...] = ()
        if isinstance(self._source, Still):
            self.truncated, self.notes = self._source.truncated, self._source.notes
        else:
            self.expected = self.decoded = len(self._source.index.pts)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.media = _media(path, sha256, size, found, self._source)
        self._watch.pause()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if isinstance(self._source, Clip):
            self._source.container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the sampled frames in order of time, one at a time.

        Raises:
            UnreadableError: the file is damaged beyond reading.
            OverLimitError: reading it takes longer than ``Limits.decode_seconds``.
        """
        if isinstance(self._source, Still):
            yield Frame(0.0, self._source.image)
            return
        with _one_line(self._path):
            self._watch.resume()
            yield from self._sample(self._source)

    def _sample(self, clip: Clip) -> Iterator[Frame]:
        index = clip.index
        order = index.pts.argsort(kind="stable")
        shown = order[index.pts[order] >= clip.first]
        times = (index.pts[shown] - clip.first) * float(index.time_base)
        end = float((index.end - clip.first) * index.time_base)
        targets = shown[spread(times, end, self._frames)]
        wanted = set(targets.tolist())
        pending = deque(index.pts[targets].tolist())
        painter = Painter(clip.size, clip.orientation)
        for frame in self._decode(clip, wanted):
            if frame.pts is None or not pending or frame.pts < pending[0]:
                continue
            while pending and pending[0] <= frame.pts:
                pending.popleft()
            image = painter.paint(frame)
            self._watch.pause()
            yield Frame(float((frame.pts - clip.first) * index.time_base), image)
            self._watch.resume()
            if not pending:
                return

    def _decode(self, clip: Clip, wanted: set[int]) -> Iterator[av.VideoFrame]:
        context = clip.stream.codec_context
        number = {pts: i for i, pts in enumerate(clip.index.pts.tolist())}
        plan = runs(clip.index.pts, clip.index.keys, wanted)
        for run in plan:
            clip.container.seek(int(clip.index.pts[run.start]), stream=clip.stream)
            for packet in clip.container.demux(clip.stream):
                self._watch.check()
                i = number.get(packet.pts, -1)
                if i < run.start and packet.size:
                    continue
                if i >= run.stop:
                    break
                context.skip_frame = "DEFAULT" if i in wanted else "NONREF"
                yield from decode(packet)
            yield from context.decode(None)
            context.flush_buffers()


def _size(path: Path) -> int:
    if not path.exists():
        raise UnreadableError(path, "no such file; check the path")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not a regular file"
        raise UnreadableError(path, f"it is {what}; give a file")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableError(path, "the file is empty; get it again")
    return size


def _media(path: Path, sha256: str, size: int, found: Format, source: Still | Clip) -> Media:
    if isinstance(source, Still):
        height, width = source.image.shape[:2]
        return Media(
            path=str(path),
            sha256=sha256,
            kind="image",
            bytes=size,
            container=found.name,
            codec=found.name,
            width=width,
            height=height,
            pixel_format=source.pixel_format,
            rotation=source.rotation,
        )
    width, height = source.size[::-1] if source.orientation.transpose else source.size
    return Media(
        path=str(path),
        sha256=sha256,
        kind="video",
        bytes=size,
        container=found.name,
        codec=source.stream.codec_context.codec.name,
        width=width,
        height=height,
        pixel_format=source.pixel_format,
        fps=source.fps,
        duration=float((source.index.end - source.first) * source.index.time_base),
        rotation=source.orientation.degrees,
        tags=dict(source.container.metadata),
    )


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the decoders raise on a hostile file into one clear line."""
    try:
        yield
    except (av.FFmpegError, cv2.error, OSError, ValueError, ArithmeticError) as error:
        if isinstance(error, SettingError):
            raise
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = " ".join(reason.split())[:200]
        raise UnreadableError(path, f"it cannot be decoded ({reason}); get it again") from error
