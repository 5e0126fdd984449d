"""What a file is, by its first bytes; its name is never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from unmask.errors import UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 4096  # bytes that `recognise` wants to see
ANIMATED = frozenset({"gif", "apng", "avif"})  # pictures that may move: one frame makes a still


class Format(NamedTuple):
    """A format that unmask opens. ``demuxer`` is libavformat's name, empty for a plain still."""

    name: str
    demuxer: str = ""


_STILLS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
_VIDEOS = (
    (b"\x1aE\xdf\xa3", Format("matroska", "matroska")),
    (b"\0\0\1\xba", Format("mpeg-ps", "mpeg")),
    (b"FLV\1", Format("flv", "flv")),
    (b"OggS", Format("ogg", "ogg")),
    (bytes.fromhex("3026b2758e66cf11"), Format("asf", "asf")),
    (b"DKIF", Format("ivf", "ivf")),
    (b"GIF87a", Format("gif", "gif")),
    (b"GIF89a", Format("gif", "gif")),
)
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TO_STILL = "convert it to JPEG or PNG"
_TO_VIDEO = "convert it to MP4"
_UNPACK = "unpack it first"
_REFUSED = (
    (b"ffconcat", "a concat script, which only points at other files", "give those files"),
    (b"#EXTM3U", "an HLS playlist, which only points at other files", "give one video file"),
    (b"%PDF", "a PDF document", "export its pictures as JPEG or PNG"),
    (b"PK\3\4", "a zip archive or office document", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"RIFF", "not a kind of RIFF file with pictures", "give the video"),
    (b"ID3", "sound without a picture", "give the video"),
    (b"fLaC", "sound without a picture", "give the video"),
    (b"\xff\x0a", "a JPEG XL picture", _TO_STILL),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture", _TO_STILL),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _TO_STILL),
    (b"8BPS", "a Photoshop document", _TO_STILL),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture", _TO_STILL),
    (b"II+\0", "a BigTIFF picture", _TO_STILL),
    (b"MM\0+", "a BigTIFF picture", _TO_STILL),
    (b".RMF", "a RealMedia video", _TO_VIDEO),
    (b"\x06\x0e\x2b\x34", "an MXF video", _TO_VIDEO),
    (b"\0\0\1\xb3", "a raw video stream without a container", _TO_VIDEO),
    (b"\0\0\1\x67", "a raw video stream without a container", _TO_VIDEO),
    (b"\0\0\0\1", "a raw video stream without a container", _TO_VIDEO),
    (b"YUV4MPEG2", "raw video", _TO_VIDEO),
)
_REFUSED_TEXTS = (
    ("<MPD", "a DASH manifest, which only points at other files", "give one video file"),
    (
        "<SmoothStreamingMedia",
        "a manifest, which only points at other files",
        "give one video file",
    ),
    ("m=video", "an SDP description of a stream", "give a recording of it"),
    ("<svg", "an SVG drawing", _TO_STILL),
)


def recognise(path: Path, head: bytes) -> Format:
    """Return the format of the file at ``path`` that begins with ``head`` (up to HEAD bytes).

    Raises:
        UnsupportedError: the content is none of the formats that unmask opens.
    """
    found = _still(head) or _box_file(path, head) or _video(head)
    if found is None:
        raise UnsupportedError(path, _refusal(head))
    return found


def _still(head: bytes) -> Format | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        # The chunk that makes a PNG an animation stands before the first picture data.
        animated = b"acTL" in head.partition(b"IDAT")[0]
        return Format("apng", "apng") if animated else Format("png")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format("webp")
    return next((Format(name) for magic, name in _STILLS if head.startswith(magic)), None)


def _box_file(path: Path, head: bytes) -> Format | None:
    if head[4:8] not in _BOXES:
        return None
    if head[4:8] == b"ftyp":
        end = max(16, min(int.from_bytes(head[:4]), HEAD))
        brands = {head[i : i + 4] for i in (8, *range(16, end, 4))}
        if head[8:12] == b"avis":  # a sequence of pictures
            return Format("avif", "mov")
        if head[8:12] == b"avif" or (head[8:12] == b"mif1" and b"avif" in brands):
            return Format("avif")
        if head[8:12] == b"crx ":
            raise UnsupportedError(path, f"it is a raw camera photo; {_TO_STILL}")
        if head[8:12] in _HEIC:
            raise UnsupportedError(path, "HEIC is not supported; convert to JPEG or PNG")
    return Format("mp4", "mov")


def _video(head: bytes) -> Format | None:
    for magic, found in _VIDEOS:
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return Format("avi", "avi")
    # A transport stream has no magic, only a sync byte at the start of each packet.
    for start, step in ((0, 188), (4, 192), (0, 204)):
        if len(head) > start + step and set(head[start : start + 5 * step : step]) == {0x47}:
            return Format("mpeg-ts", "mpegts")
    return None


def _refusal(head: bytes) -> str:
    for magic, what, cure in _REFUSED:
        if head.startswith(magic):
            return f"it is {what}; {cure}"
    text = _as_text(head)
    if text is None:
        return "it is not an image or video in a format that unmask opens; convert it to MP4 or PNG"
    for sign, what, cure in _REFUSED_TEXTS:
        if sign in text:
            return f"it is {what}; {cure}"
    return "not an image or video (it starts with text); give the media file itself"


def _as_text(head: bytes) -> str | None:
    """``head`` as text, or None if it does not read as text."""
    for encoding in ("utf-8-sig", "utf-16"):
        if encoding == "utf-16" and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        text = head.decode(encoding, "ignore").lstrip()
        printable = sum(c.isprintable() or c in "\r\n\t" for c in text)
        if text and printable == len(text) and len(text.encode(encoding)) > 0.9 * len(head.strip()):
            return text
    return None
