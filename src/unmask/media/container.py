"""Opening a video container: one demuxer, one file, one picture stream."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import av
from av.container import InputContainer
from av.stream import Discard, Disposition

from unmask.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

    from av.stream import Stream
    from av.video.stream import VideoStream

    from unmask.media.limits import Limits
    from unmask.media.sniff import Format

_NOT_THE_PICTURE = Disposition.attached_pic | Disposition.timed_thumbnails
_STREAMS = 16  # of a container that a report names
_THREADS = 16  # of a decoder at most; each takes memory for pictures of its own
_TO_H264 = "convert it to H.264 MP4"


def open_stream(
    path: Path, found: Format, limits: Limits, threads: int
) -> tuple[InputContainer, VideoStream]:
    """Open the video at ``path`` and choose its picture stream; the caller closes the container.

    It is decoded on ``threads`` threads, 0 for one a core.

    Raises:
        OverLimitError: the header declares more than ``limits`` allow.
        UnsupportedError: it has no picture, or one that nothing here decodes.
    """
    options = {
        # Neither another protocol, nor another demuxer, nor another file may be reached.
        "protocol_whitelist": "file",
        "format_whitelist": found.demuxer,
        "enable_drefs": "0",
        "use_absolute_path": "0",
        "max_pixels": _decoder_pixels(limits),
    }
    # `file:` keeps libavformat from reading an address into a name.
    container = av.open(
        f"file:{path.absolute()}",
        format=found.demuxer,
        options=options,
        metadata_errors="replace",
    )
    try:
        stream = _picture_stream(path, container, limits)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = min(threads, _THREADS)
    except BaseException:
        container.close()
        raise
    return container, stream


def _picture_stream(path: Path, container: InputContainer, limits: Limits) -> VideoStream:
    """Choose the default, else the largest video stream, and switch the others off."""
    streams = [s for s in container.streams.video if not s.disposition & _NOT_THE_PICTURE]
    if not container.streams:
        raise UnreadableError(path, "it holds no frame; get the file again")
    if not streams and container.streams.audio:
        raise UnsupportedError(path, "it has sound but no picture; give a file with video")
    if not streams:
        raise UnsupportedError(path, "it holds no video stream; give a file with video")
    # A stream for which there is no decoder has no context, whatever the stubs say.
    streams = [s for s in streams if getattr(s, "codec_context", None) is not None]
    if not streams:
        raise UnsupportedError(path, f"its video codec is not supported; {_TO_H264}")
    best = max(
        streams, key=lambda s: (bool(s.disposition & Disposition.default), _area(s), s.frames)
    )
    limits.check(path, "pixels", _area(best))
    limits.check(path, "frames", best.frames)
    if best.duration and best.time_base:
        limits.check(path, "duration", float(best.duration * best.time_base))
    for stream in container.streams:
        if stream is not best:
            stream.discard = Discard.all
    best.codec_context.options = {"max_pixels": _decoder_pixels(limits)}
    return best


def _decoder_pixels(limits: Limits) -> str:
    """Above this the decoder refuses a picture unseen; it counts the padding around it too."""
    return str(2 * limits.pixels + 2**20)


def _area(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def stream_names(container: InputContainer) -> tuple[str, ...]:
    """Return kind and codec of the container's first streams, such as ``audio aac``."""
    return tuple(_name(stream) for stream in islice(container.streams, _STREAMS))


def all_tags(container: InputContainer) -> dict[str, str]:
    """Return the container's tags, then those of its first streams with the stream before them."""
    tags = dict(container.metadata)
    for stream in islice(container.streams, _STREAMS):
        for key, value in stream.metadata.items():
            tags[f"{stream.type} {stream.index}: {key}"] = value
    return tags


def _name(stream: Stream) -> str:
    # A stream for which there is no decoder has no context, whatever the stubs say.
    context = getattr(stream, "codec_context", None)
    return f"{stream.type} {context.name if context else 'unknown'}"
