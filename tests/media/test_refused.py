"""Files that are not opened: each says what it is, and what to do."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import media_files as files
from unmask.errors import MediaError, UnreadableError, UnsupportedError
from unmask.media import open_media


def refusal(path: Path, kind: type[MediaError]) -> str:
    """The one-line message with which the file is refused."""
    with pytest.raises(kind) as caught:
        open_media(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return caught.value.message


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"
MPD = '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n'


@pytest.mark.parametrize("name", ["clip.mp4", "face.jpg", "list.txt", "noname"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
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
    ],
)
def test_other_kinds_of_file(tmp_path: Path, name: str, content: bytes, says: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnsupportedError, match=says):
        open_media(path)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"hevc", b"msf1"])
def test_heic_is_refused_by_name(tmp_path: Path, brand: bytes):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(100))
    message = refusal(path, UnsupportedError)
    assert message == "HEIC is not supported; convert to JPEG or PNG"


def test_a_concat_script_does_not_open_its_neighbour(tmp_path: Path):
    files.write_video(tmp_path / "b.mp4", 3)
    path = tmp_path / "clip.mp4"
    path.write_text("ffconcat version 1.0\nfile 'b.mp4'\n")
    opened: list[str] = []
    hook = _opened_files(opened)
    try:
        assert "concat script" in refusal(path, UnsupportedError)
    finally:
        hook.clear()
    assert not [name for name in opened if name.endswith("b.mp4")]


def _opened_files(into: list[str]) -> list[bool]:
    """Record what Python opens from now on, until the returned list is emptied."""
    import sys

    on = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if on and event == "open":
            into.append(str(args[0]))

    sys.addaudithook(hook)
    return on


def test_an_image_sequence_pattern_is_a_missing_file(tmp_path: Path):
    for i in range(3):
        files.write_still(tmp_path / f"{i:03}.png", files.numbered(i))
    assert "no such file" in refusal(tmp_path / "%03d.png", UnreadableError)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.mp4", "concat:a.mp4|b.mp4", "pipe:0"])
def test_an_address_is_a_missing_file(address: str):
    with pytest.raises(UnreadableError, match="no such file"):
        open_media(address)


@pytest.mark.parametrize("location", [b"", b"file:///etc/passwd\0", b"other.mp4\0"])
def test_media_in_another_file_is_refused(tmp_path: Path, location: bytes):
    path = files.write_video(tmp_path / "clip.mp4", 3)
    data = path.read_bytes()
    at = data.index(b"url ") - 4
    entry = (12 + len(location)).to_bytes(4) + b"url " + bytes(4) + location
    # The boxes around grow by as much as the entry does.
    data = data[:at] + entry + data[at + 12 :]
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.index(kind) - 4
        size = int.from_bytes(data[start : start + 4]) + len(location)
        data = data[:start] + size.to_bytes(4) + data[start + 4 :]
    path.write_bytes(data)
    assert "lies in another file" in refusal(path, UnsupportedError)


def test_a_quicktime_alias_is_refused(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mov", 3)
    files.patch(path, b"url \0\0\0\1", b"alis\0\0\0\0")
    assert "lies in another file" in refusal(path, UnsupportedError)


@pytest.mark.parametrize("kind", [b"rmra", b"cmov"])
def test_reference_movies_are_refused(tmp_path: Path, kind: bytes):
    path = tmp_path / "clip.mov"
    path.write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x10moov\0\0\0\x08" + kind)
    assert "points at other files" in refusal(path, UnsupportedError)


def test_encrypted_video(tmp_path: Path):
    muxing = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "00112233445566778899aabbccddeeff",
        "encryption_kid": "ffeeddccbbaa99887766554433221100",
    }
    path = files.write_video(tmp_path / "clip.mp4", 5, muxing=muxing)
    assert "encrypted" in refusal(path, UnsupportedError)


def test_sound_alone(tmp_path: Path):
    path = files.write_sound(tmp_path / "voice.mp4")
    assert "sound but no picture" in refusal(path, UnsupportedError)


def test_a_cover_picture_is_not_a_video(tmp_path: Path):
    cover = files.write_still(tmp_path / "cover.jpg", files.numbered(1)).read_bytes()
    path = files.write_sound(tmp_path / "song.mp4", cover=cover)
    assert "sound but no picture" in refusal(path, UnsupportedError)


def test_subtitles_alone(tmp_path: Path):
    path = tmp_path / "clip.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    assert "it starts with text" in refusal(path, UnsupportedError)


def test_an_unknown_codec(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mp4", 3)
    files.patch(path, b"avc1", b"zzzz")
    assert "codec" in refusal(path, UnsupportedError)


def test_a_missing_file(tmp_path: Path):
    assert refusal(tmp_path / "none.mp4", UnreadableError) == "no such file; check the path"


def test_an_empty_file(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    path.touch()
    assert "empty" in refusal(path, UnreadableError)


def test_a_folder(tmp_path: Path):
    assert "a folder" in refusal(tmp_path, UnreadableError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    assert "not a regular file" in refusal(path, UnreadableError)


@pytest.mark.optional("root may read every file, and CI may run as root")
@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who is not root")
def test_a_file_without_permission(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mp4", 3)
    path.chmod(0)
    assert "Permission denied" in refusal(path, UnreadableError)


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


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (no_index, "its index (moov) is missing"),
        (cut_index, "its index (moov) is cut off"),
        (header_only, "holds no frame"),
        (no_samples, "holds no frame"),
        (garbled, "no frame that decodes"),
    ],
)
def test_damaged_mp4(tmp_path: Path, make: Callable[[Path], Path], says: str):
    assert says in refusal(make(tmp_path / "clip.mp4"), UnreadableError)


def test_a_bare_magic_number_of_each_format(tmp_path: Path):
    heads = {
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
    for name, head in heads.items():
        path = tmp_path / name
        for filler in (b"", bytes(100), b"\xff" * 100, bytes(range(256)) * 40):
            path.write_bytes(head + filler)
            with pytest.raises(MediaError):
                open_media(path)
