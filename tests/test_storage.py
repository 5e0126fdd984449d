"""Folders and object stores are listed, fetched from and written to alike."""

from __future__ import annotations

import fsspec
import pytest

from unmask.errors import DataError, MissingExtraError, UnreadableError
from unmask.storage import Parts, Store, fetched, is_address, is_folder, list_files


@pytest.fixture
def bucket():
    """An empty object store, in memory."""
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    return store


def test_files_below_an_address_are_listed_at_any_depth_without_hidden_ones(bucket):
    for name in ("b.jpg", "deep/er/a.mp4", ".hidden", ".folder/c.jpg"):
        bucket.pipe_file(f"/clips/{name}", b"x")
    bucket.pipe_file("/other.jpg", b"x")
    found = list_files("memory://clips")
    assert [address.removeprefix("memory://").lstrip("/") for address in found] == [
        "clips/b.jpg",
        "clips/deep/er/a.mp4",
    ]
    assert all(is_address(address) for address in found)
    assert is_folder("memory://clips")
    assert not is_folder("memory://clips/b.jpg")


def test_a_copy_is_there_as_long_as_it_is_needed(bucket, tmp_path):
    bucket.pipe_file("/a/clip.mp4", b"0123456789")
    with fetched("memory://a/clip.mp4") as copy:
        assert copy.name == "clip.mp4"
        assert copy.read_bytes() == b"0123456789"
    assert not copy.exists()
    with fetched("memory://a/clip.mp4", most=4) as copy:
        assert copy.stat().st_size == 5  # one beyond the limit, which is how the limit is seen
    with fetched(tmp_path / "local.mp4") as path:
        assert path == tmp_path / "local.mp4"
    with (
        pytest.raises(UnreadableError, match="cannot be fetched"),
        fetched("memory://a/gone.mp4"),
    ):
        pass


def test_a_store_that_cannot_be_opened_is_said_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="nonsense://x"):
        list_files("nonsense://x")
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match="'cluster' extra"):
        list_files(f"file://{tmp_path}")


@pytest.mark.parametrize("kind", ["folder", "address"])
@pytest.mark.usefixtures("bucket")
def test_files_are_written_whole_and_deleted(kind, tmp_path):
    store = Store(tmp_path / "new" / "folder" if kind == "folder" else "memory://new/folder")
    assert store.names() == set()
    store.write("a.txt", b"one")
    store.write("a.txt", b"two")
    store.write(".b.1.part", b"half")
    assert store.names() == {"a.txt", ".b.1.part"}
    store.sweep()
    assert store.names() == {"a.txt"}
    assert store.read("a.txt") == b"two"
    store.delete("a.txt")
    store.delete("a.txt")
    assert store.names() == set()


def test_another_machine_sees_whether_the_store_is_the_same(tmp_path):
    parts = Parts(Store(tmp_path / "shared"), "scores", {"count": 2})
    parts.check_shared()
    (tmp_path / "shared" / "job.json").unlink()
    with pytest.raises(DataError, match="not the same on all machines"):
        parts.check_shared()
