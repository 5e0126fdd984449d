"""The facts of a file and of an analysis, as names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from unmask import __version__
from unmask.report.axis import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.types import Media, Report


class Fact(NamedTuple):
    """A line of a list of facts; ``mono`` sets the value in the fixed-width face."""

    name: str
    value: str
    mono: bool = False


def summary_line(report: Report) -> str:
    """Return what the file is in one line: ``640 × 480 px, 4 s, 150.7 kB``; "" if unknown."""
    media = report.media
    if media is None:
        return ""
    length = None if media.duration is None else clock(media.duration)
    return ", ".join(
        filter(None, (f"{media.width} × {media.height} px", length, _short_bytes(media.bytes)))
    )


def file_facts(report: Report) -> list[Fact]:
    """Return what is known of the file, and how much of it was seen."""
    facts = [Fact("Path", report.path, mono=True)]
    if report.sha256 is not None:
        facts.append(Fact("SHA-256", report.sha256, mono=True))
    if report.media is not None:
        facts += _media_facts(report.media)
    if report.kind == "video":
        counts = report.frames
        seen = (
            f"{counts.expected:,} in the file, {counts.decoded:,} decoded or passed over without "
            f"error, {counts.analysed:,} with a face that was scored"
        )
        facts.append(Fact("Frames", seen))
    return facts


def model_facts(report: Report, settings: Mapping[str, object]) -> list[Fact]:
    """Return which model judged, how it was set, and how long it took."""
    version = report.unmask or __version__
    return [
        *detector_facts(report, settings),
        Fact("Analysed in", f"{report.seconds:.2f} s by unmask {version}"),
    ]


def detector_facts(report: Report, settings: Mapping[str, object]) -> list[Fact]:
    """Return which model judged and how it was set."""
    return [
        Fact("Model", f"{report.model.name} {report.model.version}"),
        Fact("SHA-256", report.model.sha256, mono=True),
        *(Fact(name, str(value)) for name, value in settings.items()),
    ]


def _media_facts(media: Media) -> list[Fact]:
    parts = dict.fromkeys((media.container, media.codec, media.pixel_format))
    turned = f", turned by {media.rotation}°" if media.rotation else ""
    facts = [
        Fact("Size", _bytes(media.bytes)),
        Fact("Format", ", ".join(filter(None, parts))),
        Fact("Picture", f"{media.width} × {media.height} px{turned}"),
    ]
    if media.duration is not None:
        facts.append(Fact("Length", clock(media.duration)))
    if media.fps is not None:
        facts.append(Fact("Frame rate", f"{media.fps:.4g} per second"))
    if media.streams:
        facts.append(Fact("Streams", ", ".join(media.streams)))
    times = {name: value for name, value in media.tags.items() if _is_time(name)}
    others = {name: value for name, value in media.tags.items() if name not in times}
    return [
        *facts,
        *(Fact(f"Time: {name.replace('_', ' ')}", value) for name, value in times.items()),
        *(Fact(f"Tag: {name}", value) for name, value in others.items()),
    ]


def _is_time(name: str) -> bool:
    """Return whether a tag of this name states a time; what it states is the file's word."""
    words = name.lower().replace("_", " ")
    return any(word in words for word in ("time", "date", "taken", "digitised", "modified"))


def _bytes(count: int) -> str:
    """Return ``count`` in the largest unit that leaves at least one of it, and in full."""
    short = _short_bytes(count)
    return short if count < 1000 else f"{short} ({count:,} bytes)"


def _short_bytes(count: int) -> str:
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{count} bytes" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
