"""Files that are not opened: each says what it is, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import bad_inputs as bad
import media_files as files
from unmask.errors import MediaError, OverLimitError, UnreadableError, UnsupportedError
from unmask.media import open_media


def refusal(path: Path, kind: type[MediaError]) -> str:
    """The one-line message with which the file is refused."""
    with pytest.raises(kind) as caught:
        open_media(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return caught.value.message


@pytest.mark.parametrize("name", ["clip.mp4", "face.jpg", "list.txt", "noname"])
@pytest.mark.parametrize(
    ("content", "says"),
    bad.OTHER_KINDS,
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
    path = bad.elsewhere(tmp_path / "clip.mp4", location)
    assert "lies in another file" in refusal(path, UnsupportedError)


def test_a_quicktime_alias_is_refused(tmp_path: Path):
    path = bad.alias(tmp_path / "clip.mov")
    assert "lies in another file" in refusal(path, UnsupportedError)


@pytest.mark.parametrize("kind", [b"rmra", b"cmov"])
def test_reference_movies_are_refused(tmp_path: Path, kind: bytes):
    path = bad.reference_movie(tmp_path / "clip.mov", kind)
    assert "points at other files" in refusal(path, UnsupportedError)


def test_encrypted_video(tmp_path: Path):
    assert "encrypted" in refusal(bad.encrypted(tmp_path / "clip.mp4"), UnsupportedError)


def test_a_bomb_is_not_unpacked(tmp_path: Path):
    with pytest.raises(OverLimitError, match="pixels"):
        open_media(bad.bomb(tmp_path / "bomb.png"))


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
    assert "codec" in refusal(bad.unknown_codec(tmp_path / "clip.mp4"), UnsupportedError)


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


@pytest.mark.parametrize(("make", "says"), bad.DAMAGED)
def test_damaged_mp4(tmp_path: Path, make: Callable[[Path], Path], says: str):
    assert says in refusal(make(tmp_path / "clip.mp4"), UnreadableError)


def test_a_bare_magic_number_of_each_format(tmp_path: Path):
    for name, head in bad.HEADS.items():
        path = tmp_path / name
        for filler in (b"", bytes(100), b"\xff" * 100, bytes(range(256)) * 40):
            path.write_bytes(head + filler)
            with pytest.raises(MediaError):
                open_media(path)
