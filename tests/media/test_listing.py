"""Which files of a folder are tried."""

from __future__ import annotations

from pathlib import Path

import pytest

import unmask.media
from unmask.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES, list_media, looks_like_media


@pytest.mark.parametrize("name", ["a.mp4", "A.MP4", "b.JPeG", "c.heic", "noname", "d.e.webm"])
def test_media_names(name: str):
    assert looks_like_media(name)
    assert looks_like_media(Path("some.folder", name))


@pytest.mark.parametrize("name", ["a.txt", "a.mp4.part", "labels.csv", "a.wav", "x.zip", "y.json"])
def test_other_names(name: str):
    assert not looks_like_media(name)


def test_a_folder_is_listed_in_order_without_hidden_files(tmp_path: Path):
    wanted = ["a/1.mp4", "a/b/c/2.png", "b.jpg", "noname", "z.webm"]
    others = [".hidden.mp4", ".git/x.mp4", "a/.cache/1.jpg", "a/notes.txt", "labels.csv"]
    for name in wanted + others:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "folder.mp4").mkdir()
    assert list_media(tmp_path) == [tmp_path / name for name in wanted]


def test_a_link_that_leads_back_is_not_followed(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert list_media(tmp_path) == [tmp_path / "a.mp4"]


def test_suffixes_are_lower_case():
    assert all(name == name.lower() and name[0] == "." for name in IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    assert not IMAGE_SUFFIXES & VIDEO_SUFFIXES


def test_public_names_exist():
    assert all(hasattr(unmask.media, name) for name in unmask.media.__all__)
