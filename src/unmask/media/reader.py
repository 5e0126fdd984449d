"""The one decoder: from a file to upright RGB frames."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
import cv2

from unmask.errors import SettingError, UnreadableError
from unmask.media.limits import Limits, Stopwatch
from unmask.media.sniff import ANIMATED, HEAD, Format, recognise
from unmask.media.stills import Still, read_still
from unmask.media.structure import check_structure
from unmask.media.video import Video
from unmask.types import Media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unmask.types import Frame

_NO_LIMITS_GIVEN = Limits()
_TAGS, _TAG_LENGTH = 64, 1000  # how much of a container's own notes is kept


def open_media(
    path: str | Path, *, frames: int = 32, limits: Limits = _NO_LIMITS_GIVEN, threads: int = 0
) -> MediaReader:
    """Open an image or a video; what it is, its content decides, never its name.

    >>> with open_media("clip.mp4", frames=32) as reader:  # doctest: +SKIP
    ...     for frame in reader:
    ...         print(frame.time, frame.image.shape)

    Args:
        path: a file.
        frames: how many frames to sample from a video, spread evenly over its whole length.
        limits: the largest file to open.
        threads: threads that decode a video, 0 for one a core.

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
        return MediaReader(path, frames, limits, threads)


class MediaReader:
    """An open medium: its facts at once, its frames by iteration.

    Attributes:
        media: facts about the file.
        expected: frames that the file should hold, sampled or not; 1 for a still.
        truncated: whether the file ends early.
    """

    def __init__(self, path: Path, frames: int, limits: Limits, threads: int) -> None:
        self._path = path
        self._frames = frames
        self._watch = Stopwatch(path, limits)
        size = _size(path)
        limits.check(path, "file_bytes", size)
        with path.open("rb") as file:
            found = recognise(path, file.read(HEAD))
        self._source = _open(path, found, limits, self._watch, threads)
        try:
            sha256 = _digest(path)
            self.media = _media(path, sha256, size, found, self._source)
        except BaseException:
            self.close()
            raise
        self.expected = self._source.expected
        self.truncated = self._source.truncated
        self._watch.pause()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the sampled frames in order of time, one at a time.

        Raises:
            UnreadableError: the file is damaged beyond reading.
            OverLimitError: reading it takes longer than ``Limits.decode_seconds``.
        """
        self._watch.resume()
        with _one_line(self._path):
            yield from self._source.sample(self._frames)
        self._watch.pause()

    @property
    def decoded(self) -> int:
        """Frames of ``expected`` that were decoded, or passed over without error.

        Complete once the frames have been iterated over.
        """
        return self._source.decoded

    @property
    def notes(self) -> tuple[str, ...]:
        """One line each on what the frames lack; complete once they have been iterated over."""
        return self._source.notes

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def file_sha256(path: str | Path) -> str | None:
    """Return the SHA-256 of a file, or None where there is no regular file that can be read."""
    path = Path(path)
    try:
        return _digest(path) if path.is_file() else None
    except OSError:
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open(
    path: Path, found: Format, limits: Limits, watch: Stopwatch, threads: int
) -> Still | Video:
    if not found.demuxer:
        return read_still(path, found.name, limits)
    cut = check_structure(path, found, watch)
    video = Video(path, found, limits, watch, cut=cut, threads=threads)
    if found.name in ANIMATED and video.expected == 1:
        video.close()
        return read_still(path, found.name, limits)
    return video


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


def _media(path: Path, sha256: str, size: int, found: Format, source: Still | Video) -> Media:
    width, height = source.size
    return Media(
        path=str(path),
        sha256=sha256,
        kind="video" if isinstance(source, Video) else "image",
        bytes=size,
        container=found.name,
        codec=source.codec,
        width=width,
        height=height,
        pixel_format=source.pixel_format,
        fps=source.fps,
        duration=source.seconds,
        rotation=source.orientation.degrees,
        tags=_tags(source.tags),
        streams=source.streams,
    )


def _tags(tags: dict[str, str]) -> dict[str, str]:
    """The first tags, cut to a length that a report can carry."""
    return {key[:_TAG_LENGTH]: value[:_TAG_LENGTH] for key, value in list(tags.items())[:_TAGS]}


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the decoders raise on a hostile file into one clear line."""
    try:
        yield
    except (av.FFmpegError, cv2.error, OSError, ValueError, ArithmeticError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = " ".join(reason.split())[:200]
        raise UnreadableError(path, f"it cannot be read ({reason}); get it again") from error
