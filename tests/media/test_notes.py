"""What a still notes about its making is read, and what is damaged is passed over."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import media_files as files
from unmask.media import open_media
from unmask.media.notes import still_notes

NOTES = {
    0x010F: "Canon",
    0x0131: "GIMP <script>",
    0x0132: "2026:03:02 10:11:12",
}
TAKEN = (0x9003, "2026:03:01 09:08:07")


def make_exif(order: str = "<") -> bytes:
    """Exif data with `NOTES`, and `TAKEN` in the directory below."""
    texts = [text.encode() + b"\0" for text in NOTES.values()]
    first = 8 + 2 + 12 * (len(texts) + 1) + 4
    second = first + sum(map(len, texts))
    entries, at = b"", first
    for tag, text in zip(NOTES, texts, strict=True):
        entries += struct.pack(f"{order}HHII", tag, 2, len(text), at)
        at += len(text)
    entries += struct.pack(f"{order}HHII", 0x8769, 4, 1, second)
    taken = TAKEN[1].encode() + b"\0"
    deeper = struct.pack(f"{order}H", 1)
    deeper += struct.pack(f"{order}HHII", TAKEN[0], 2, len(taken), second + 2 + 12 + 4)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    directory = struct.pack(f"{order}H", len(texts) + 1) + entries + bytes(4)
    return head + directory + b"".join(texts) + deeper + bytes(4) + taken


def with_exif(path, exif: bytes):
    """A JPEG, PNG or WebP that carries ``exif``."""
    files.write_still(path, np.full((40, 40, 3), 99, np.uint8))
    data = path.read_bytes()
    if path.suffix == ".jpg":
        body = b"Exif\0\0" + exif
        note = b"\xff\xfe" + struct.pack(">H", 2 + 5) + b"hello"
        part = b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body + note
        data = data[:2] + part + data[2:]
    elif path.suffix == ".png":
        text = b"Software\0caf\xe9"
        data = data[:33] + chunk(b"eXIf", exif) + chunk(b"tEXt", text) + data[33:]
    else:
        body = b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2)
        data = data[:4] + struct.pack("<I", len(data) - 8 + len(body)) + data[8:] + body
    path.write_bytes(data)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_camera_software_and_times_are_told(tmp_path, suffix, order):
    path = with_exif(tmp_path / f"a{suffix}", make_exif(order))
    with open_media(path) as reader:
        tags = dict(reader.media.tags)
    if suffix == ".jpg":
        assert tags.pop("comment") == "hello"
    assert tags == {
        "camera make": "Canon",
        "software": "GIMP <script>",
        "modified": "2026:03:02 10:11:12",
        "taken": "2026:03:01 09:08:07",
    }


def test_text_of_a_png(tmp_path):
    path = with_exif(tmp_path / "a.png", b"")
    assert still_notes("png", path.read_bytes()) == {"software": "caf\xe9"}


def test_a_still_without_notes_has_none(tmp_path):
    path = files.write_still(tmp_path / "a.bmp", np.zeros((4, 4, 3), np.uint8))
    with open_media(path) as reader:
        assert reader.media.tags == {}
        assert reader.media.streams == ()


@given(st.sampled_from(["jpeg", "png", "webp", "tiff"]), st.binary(max_size=80), st.data())
def test_damaged_notes_are_passed_over(name, noise, data):
    whole = make_exif()
    at = data.draw(st.integers(0, len(whole)))
    broken = whole[:at] + noise + whole[at + len(noise) :]
    starts = {
        "jpeg": b"\xff\xd8\xff\xe1" + struct.pack(">H", 8 + len(broken)) + b"Exif\0\0",
        "png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(broken)) + b"eXIf",
        "webp": b"RIFF\0\0\0\0WEBPEXIF" + struct.pack("<I", len(broken)),
        "tiff": b"",
    }
    notes = still_notes(name, starts[name] + broken)
    assert all(isinstance(key, str) and len(value) <= 2000 for key, value in notes.items())
