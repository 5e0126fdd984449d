"""How large and how long a file may be."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from unmask.errors import OverLimitError, SettingError

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = {
    "file_bytes": "--max-file-size",
    "pixels": "--max-pixels",
    "duration": "--max-duration",
    "frames": "--max-frames",
    "decode_seconds": "--max-decode-seconds",
}
_UNITS = {
    "file_bytes": "bytes",
    "pixels": "pixels",
    "duration": "s",
    "frames": "frames",
    "decode_seconds": "s of decoding",
}


@dataclass(frozen=True)
class Limits:
    """The largest file that is opened. A file at a limit is opened, one above it is not.

    Attributes:
        file_bytes: size of the file, bytes.
        pixels: width times height of one picture, pixels.
        duration: length of a video, seconds.
        frames: frames of a video.
        decode_seconds: time spent on reading one file, seconds; the time that the caller takes
            between frames is not counted.

    Raises:
        SettingError: a limit is not a finite number above 0.
    """

    file_bytes: int = 4 * 2**30
    pixels: int = 100_000_000
    duration: float = 4 * 3600.0
    frames: int = 1_000_000
    decode_seconds: float = 600.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise SettingError(f"{field.name} must be finite and above 0. Got {value}")

    def check(self, path: Path, name: str, value: float) -> None:
        """Raise OverLimitError if ``value`` of the file at ``path`` is above the limit ``name``."""
        limit = getattr(self, name)
        if value > limit:
            raise OverLimitError(
                path,
                f"{_number(value)} {_UNITS[name]} is over the limit {name} = {_number(limit)}; "
                f"raise it with {_FLAGS[name]} or Limits({name}=...)",
            )


class Stopwatch:
    """Adds up the time spent on one file and stops it at ``Limits.decode_seconds``."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._spent = 0.0
        self._since = time.monotonic()

    def check(self) -> None:
        """Raise OverLimitError once the time is used up."""
        spent = self._spent + time.monotonic() - self._since
        self._limits.check(self._path, "decode_seconds", spent)

    def pause(self) -> None:
        """Stop counting: the caller is at work."""
        self._spent += time.monotonic() - self._since

    def resume(self) -> None:
        """Count again."""
        self._since = time.monotonic()


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
