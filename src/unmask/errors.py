"""Every error that unmask raises on purpose.

    UnmaskError
    ├── SettingError            a value given by the caller is out of range
    ├── MissingExtraError       an optional part of unmask is not installed
    ├── RegistryError           a name is unknown or taken twice
    ├── MediaError              a file cannot be analysed; carries the reason
    │   ├── UnreadableError     missing, empty, damaged
    │   ├── UnsupportedError    a kind of file that unmask does not open
    │   └── OverLimitError      larger or longer than the limits allow
    ├── BundleError             a model file cannot be used
    └── DataError               a dataset, manifest or face set is wrong
        └── LeakError           something crosses from one split to another

A message is one line that names the thing, the reason and the cure.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

Reason = Literal[
    "no_face", "face_too_small", "too_few_frames", "unreadable", "unsupported", "over_limit"
]


class UnmaskError(Exception):
    """Base of all errors raised on purpose; the command line prints it as one line."""


class SettingError(UnmaskError, ValueError):
    """A value given by the caller breaks its constraint."""


class MissingExtraError(UnmaskError, ImportError):
    """A command needs an extra that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the '{extra}' extra: pip install 'unmask[{extra}]'")


class RegistryError(UnmaskError, LookupError):
    """A registered name is unknown, or registered twice."""


class MediaError(UnmaskError):
    """A file cannot be analysed. ``reason`` is the abstention that it leads to."""

    reason: ClassVar[Reason] = "unreadable"

    def __init__(self, path: str | Path, message: str) -> None:
        self.path = str(path)
        self.message = message
        super().__init__(f"{self.path}: {message}")

    def __reduce__(self) -> tuple[type[MediaError], tuple[str, str]]:
        return type(self), (self.path, self.message)


class UnreadableError(MediaError):
    """The file is missing, empty or damaged beyond reading."""

    reason = "unreadable"


class UnsupportedError(MediaError):
    """The file is of a kind that unmask does not open."""

    reason = "unsupported"


class OverLimitError(MediaError):
    """The file exceeds one of the limits; the message names the limit."""

    reason = "over_limit"


class BundleError(UnmaskError):
    """A model bundle is missing, damaged, or not one that this version can use."""


class DataError(UnmaskError):
    """A dataset, manifest or face set is not what it must be."""


class LeakError(DataError):
    """A family, identity or picture stands in more than one split."""
