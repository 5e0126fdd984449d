"""Cleaning marks and never drops; what it moves can be put back, whenever it was stopped."""

import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.data.archive import JOURNAL, archive, undo_moves
from unmask.data.clean import ABSENT, ORPHANED, clean
from unmask.data.manifest import make_manifest
from unmask.errors import DataError, SettingError


def row(name, frames=300, original=None, **values):
    return {
        "video_id": name,
        "path": f"part/{name}",
        "label": int(original is not None),
        "original_id": original,
        "group_id": original or name,
        "dataset": "set",
        "frames": frames,
    } | values


def reasons(cleaned):
    return dict(cleaned.manifest.select("video_id", "excluded").iter_rows())


def test_outliers_go_first_and_their_fakes_follow():
    rows = [row("a"), row("b", 600), row("c", 0), row("d", 199), row("e", 200), row("f", None)]
    rows += [row("a1", original="a"), row("b1", original="b"), row("c1", original="c")]
    rows += [row("x1", original="x"), row("a2", 401, original="a"), row("b2", original="b1")]
    rows += [row("u", label=1), row("old", excluded="by hand")]
    done = clean(make_manifest(rows))
    assert (done.before, done.absent, done.outliers, done.orphans, done.left) == (1, 1, 3, 4, 5)
    found = reasons(done)
    assert found["c"] == ABSENT
    assert found["b"] == "600 frames, outside 200-400"
    assert [name for name, why in found.items() if why == ORPHANED] == ["b1", "b2", "c1", "x1"]
    assert found["old"] == "by hand"
    assert [name for name, why in found.items() if why is None] == ["a", "a1", "e", "f", "u"]


def test_one_picture_a_video_is_not_judged_by_frames():
    rows = [row("a", 1), row("b", 0), row("a1", 1, "a"), row("b1", 1, "b")]
    rows += [row("clip", None, dataset="other")]
    done = clean(make_manifest(rows))
    assert done.not_judged == {
        "other": "its frames have not been counted",
        "set": "it has one picture a video",
    }
    assert (done.absent, done.outliers, done.orphans, done.left) == (1, 0, 1, 3)


def test_an_original_of_another_dataset_is_none():
    manifest = make_manifest([row("a", dataset="other"), row("a1", original="a")])
    assert reasons(clean(manifest)) == {"a": None, "a1": ORPHANED}


@pytest.mark.parametrize("frames", [(0, 5), (400, 200)])
def test_wrong_ranges_are_refused(frames):
    with pytest.raises(SettingError, match="range"):
        clean(make_manifest([row("a")]), frames=frames)


@settings(max_examples=25)
@given(
    frames=st.lists(st.sampled_from([None, 0, 1, 150, 300, 600]), min_size=1, max_size=12),
    links=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 14)), max_size=12),
    limits=st.sampled_from([(200, 400), (1, 100), (1, 1000)]),
)
def test_cleaning_is_idempotent_and_can_be_taken_back(frames, links, limits):
    originals = {f"v{fake:02d}": f"v{original:02d}" for fake, original in links}
    names = [f"v{n:02d}" for n in range(len(frames))]
    manifest = make_manifest(
        row(name, count, originals.get(name)) for name, count in zip(names, frames, strict=True)
    )
    done = clean(manifest, frames=limits)
    again = clean(done.manifest, frames=limits)
    assert again.manifest.equals(done.manifest)
    assert (again.absent, again.outliers, again.orphans) == (0, 0, 0)
    assert done.absent + done.outliers + done.orphans + done.left == len(manifest)
    used = set(done.manifest.filter(pl.col("excluded").is_null())["video_id"])
    assert all(originals.get(name, name) in used for name in used)
    other = clean(done.manifest, anew=True, frames=(250, 350)).manifest
    assert other.equals(clean(manifest, frames=(250, 350)).manifest)


PATHS = ("part/a", "part/b.mp4", "packed.zip/c", "gone/d", "other/e.mp4")


@pytest.fixture
def root(tmp_path):
    """A dataset with a folder of frames, two videos and a zip."""
    folder = tmp_path / "root"
    for name in ("part/a/0.png", "part/a/1.png", "part/b.mp4", "other/e.mp4", "part/stays.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    with zipfile.ZipFile(folder / "packed.zip", "w") as file:
        file.writestr("c/0.png", "c")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_are_moved_and_put_back(root, tmp_path):
    before = tree(root)
    done = archive(PATHS, root, tmp_path / "archive")
    assert (done.moved, done.packed, done.absent) == (3, 1, 1)
    assert set(before) - set(tree(root)) == {
        "other/e.mp4",
        "part/a/0.png",
        "part/a/1.png",
        "part/b.mp4",
    }
    assert archive(PATHS, root, tmp_path / "archive").moved == 0
    assert undo_moves(tmp_path / "archive" / JOURNAL) == 3
    assert tree(root) == before
    assert undo_moves(tmp_path / "archive" / JOURNAL) == 0


@pytest.mark.parametrize("moves", range(4))
@pytest.mark.parametrize("torn", [False, True])
def test_a_kill_leaves_it_undoable_and_resumable(root, tmp_path, monkeypatch, moves, torn):
    before, place = tree(root), tmp_path / "archive"
    rename, made = Path.rename, []

    def dies(self, target):
        if len(made) == moves:
            raise KeyboardInterrupt
        made.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", dies)
    if moves < 3:
        with pytest.raises(KeyboardInterrupt):
            archive(PATHS, root, place)
    else:
        archive(PATHS, root, place)
    monkeypatch.undo()
    if torn:  # the kill came while a line was written, before its move
        with (place / JOURNAL).open("a") as journal:
            journal.write('{"from": "/some')
    assert archive(PATHS, root, place).moved == 3 - moves
    assert undo_moves(place / JOURNAL) == 3
    assert tree(root) == before
    lines = [line for line in (place / JOURNAL).read_text().splitlines() if line.endswith("}")]
    assert all(json.loads(line).keys() == {"from", "to"} for line in lines)


def test_nothing_is_overwritten(root, tmp_path):
    place = tmp_path / "archive"
    (place / "part").mkdir(parents=True)
    (place / "part/b.mp4").write_text("someone else's")
    with pytest.raises(DataError, match=r"b\.mp4: there already"):
        archive(["part/b.mp4"], root, place)
    (place / "part/b.mp4").unlink()
    archive(["part/b.mp4"], root, place)
    (root / "part/b.mp4").write_text("new")
    with pytest.raises(DataError, match="there again"):
        undo_moves(place / JOURNAL)
    assert (root / "part/b.mp4").read_text() == "new"


def test_a_path_out_of_the_root_and_a_false_journal_are_refused(root, tmp_path):
    for path in ("../outside", "/etc/hosts"):
        with pytest.raises(DataError, match="leads out of"):
            archive([path], root, tmp_path / "archive")
    for text in ("[1]\n{}", "{]}"):
        (tmp_path / "false").write_text(text)
        with pytest.raises(DataError, match="not a journal"):
            undo_moves(tmp_path / "false")
    with pytest.raises(DataError, match="not a journal"):
        undo_moves(tmp_path / "missing")
