"""The list of bad inputs: files that nothing can be judged in, one of each kind.

The tests say of each what must be answered; `write_all` puts one of each into a folder, for whoever
needs something to choke on.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import media_files as files


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"
MPD = '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n'


OTHER_KINDS = [
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    (a_zip(), "zip"),
    (b"\x1f\x8b\x08\x00" + bytes(20), "gzip"),
    (b"ID3\x04" + bytes(40), "sound"),
    (b"RIFF\x24\0\0\0WAVEfmt " + bytes(30), "give the video"),
    (b"just some notes\n", "not an image or video \\(it starts with text\\)"),
    ("grüße\n".encode(), "it starts with text"),
    ("notes".encode("utf-16"), "it starts with text"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    (b"#EXTM3U\n#EXTINF:1,\nb.ts\n", "HLS"),
    (MPD.encode(), "DASH"),
    (SDP.encode(), "SDP"),
    (b"ffconcat version 1.0\nfile b.mp4\n", "concat"),
    (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL"),
    (b"\0\0\0\1\x67\x42\0\x0a" + bytes(40), "raw video stream"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40), "raw camera photo"),
    (bytes(range(256)) * 8, "not an image or video"),
    (bytes(1000), "not an image or video"),
]
"""Content of other kinds of file, and what the refusal says."""

HEADS = {
    "mkv": b"\x1aE\xdf\xa3",
    "ps": b"\0\0\1\xba",
    "flv": b"FLV\1",
    "ogg": b"OggS",
    "asf": bytes.fromhex("3026b2758e66cf11"),
    "ivf": b"DKIF",
    "gif": b"GIF89a",
    "jpg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "bmp": b"BM",
    "tif": b"II*\0",
    "webp": b"RIFF\0\0\0\0WEBP",
    "avi": b"RIFF\0\0\0\0AVI ",
    "avif": b"\0\0\0\x14ftypavif\0\0\0\0avif",
    "ts": (b"\x47" + bytes(187)) * 6,
}
"""The first bytes of each format."""


def no_index(path: Path) -> Path:
    return files.cut(files.write_video(path, 20), 0.5)


def cut_index(path: Path) -> Path:
    return files.cut(files.write_video(path, 20, muxing={"movflags": "faststart"}), 0.1)


def header_only(path: Path) -> Path:
    return files.write_video(path, 0, muxing={"movflags": "empty_moov+frag_keyframe"})


def no_samples(path: Path) -> Path:
    return files.write_video(path, 0)


def garbled(path: Path) -> Path:
    files.write_video(path, 20, muxing={"movflags": "faststart"})
    data = path.read_bytes()
    at = data.index(b"mdat") + 4
    path.write_bytes(data[:at] + bytes(len(data) - at))
    return path


DAMAGED: list[tuple[Callable[[Path], Path], str]] = [
    (no_index, "its index (moov) is missing"),
    (cut_index, "its index (moov) is cut off"),
    (header_only, "holds no frame"),
    (no_samples, "holds no frame"),
    (garbled, "no frame that decodes"),
]
"""Makers of damaged MP4 files, and what the refusal says."""


def elsewhere(path: Path, location: bytes = b"file:///etc/passwd\0") -> Path:
    """An MP4 whose frames lie in another file."""
    data = files.write_video(path, 3, container="mp4").read_bytes()
    at = data.index(b"url ") - 4
    entry = (12 + len(location)).to_bytes(4) + b"url " + bytes(4) + location
    # The boxes around grow by as much as the entry does.
    data = data[:at] + entry + data[at + 12 :]
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.index(kind) - 4
        size = int.from_bytes(data[start : start + 4]) + len(location)
        data = data[:start] + size.to_bytes(4) + data[start + 4 :]
    path.write_bytes(data)
    return path


def alias(path: Path) -> Path:
    """A QuickTime file whose frames lie in another one."""
    files.write_video(path, 3, container="mov")
    return files.patch(path, b"url \0\0\0\1", b"alis\0\0\0\0")


def reference_movie(path: Path, kind: bytes = b"rmra") -> Path:
    """A QuickTime file that only points at others."""
    path.write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x10moov\0\0\0\x08" + kind)
    return path


def encrypted(path: Path) -> Path:
    """An MP4 that nobody has the key of."""
    muxing = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "00112233445566778899aabbccddeeff",
        "encryption_kid": "ffeeddccbbaa99887766554433221100",
    }
    return files.write_video(path, 5, container="mp4", muxing=muxing)


def unknown_codec(path: Path) -> Path:
    """An MP4 of a codec that does not exist."""
    return files.patch(files.write_video(path, 3, container="mp4"), b"avc1", b"zzzz")


def lying_header(path: Path) -> Path:
    """An MP4 of two seconds that says it lasts no time."""
    data = bytearray(files.write_video(path, 50, container="mp4").read_bytes())
    for kind, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        start = data.index(kind) + at
        data[start : start + 4] = (1).to_bytes(4)
    path.write_bytes(data)
    return path


def bomb(path: Path) -> Path:
    """A PNG of some hundred bytes that says it has 3.6 thousand million pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    return path


def cut_still(path: Path) -> Path:
    """The first third of a JPEG."""
    jpeg = files.write_still(path.with_suffix(".jpg"), files.noisy(1, 320, 240))
    path.write_bytes(jpeg.read_bytes()[: jpeg.stat().st_size // 3])
    return path


def faceless(path: Path) -> Path:
    """A sound video without any face."""
    return files.write_video(path, 20, container="mp4")


def write_all(folder: Path) -> dict[str, Path]:
    """Write one file of each kind into ``folder``, which is empty, and return them by kind."""
    contents = {f"kind {number}": content for number, (content, _) in enumerate(OTHER_KINDS)}
    contents |= {f"head of {name}": head + bytes(range(256)) for name, head in HEADS.items()}
    contents |= {"empty": b"", "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\nhello\n"}
    found = {}
    for number, (name, content) in enumerate(contents.items()):
        found[name] = folder / f"content-{number}"
        found[name].write_bytes(content)
    for make in (
        *(make for make, _ in DAMAGED),
        elsewhere, alias, reference_movie, encrypted, unknown_codec, lying_header, bomb,
        cut_still, faceless,
    ):  # fmt: skip
        found[make.__name__.replace("_", " ")] = make(folder / f"{make.__name__}.mp4")
    found["sound"] = files.write_sound(folder / "sound.mp4")
    return found
