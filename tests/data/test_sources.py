"""Every source reads its published layout, and reports what is wrong with it row by row."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from data.trees import TREES, tarred, write, zipped
from unmask.data.manifest import check_manifest
from unmask.data.sources import SOURCES, base, ingest
from unmask.data.sources.reading import Tree, members
from unmask.errors import DataError, RegistryError

EVERY = pytest.mark.parametrize("name", sorted(TREES))


@EVERY
def test_a_tree_is_recognised_by_its_own_source_alone(tmp_path, name):
    expected = TREES[name](tmp_path)
    assert [key for key in SOURCES if SOURCES[key]().recognises(tmp_path)] == [expected.source]


@EVERY
def test_labels_families_and_splits_are_read_right(tmp_path, name):
    expected = TREES[name](tmp_path)
    manifest, _ = ingest(tmp_path)
    check_manifest(manifest)
    rows = {row["video_id"]: row for row in manifest.iter_rows(named=True)}
    columns = ("label", "group_id", "split", "original_id")
    assert {key: tuple(row[c] for c in columns) for key, row in rows.items()} == expected.rows
    for key, values in expected.values.items():
        assert {column: rows[key][column] for column in values} == values


@EVERY
def test_every_planted_irregularity_is_reported(tmp_path, name):
    expected = TREES[name](tmp_path)
    _, problems = ingest(tmp_path)
    assert {(problem.path, problem.reason) for problem in problems} == expected.problems
    assert all(problem.where for problem in problems)


@EVERY
def test_what_is_said_to_be_there_is_there(tmp_path, name):
    TREES[name](tmp_path)
    archives = {path: None for path in tmp_path.rglob("*") if path.suffix in (".zip", ".gz")}
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    for archive in archives:
        try:
            names = members(archive)
        except DataError:
            continue
        at = archive.relative_to(tmp_path).as_posix()
        there |= {f"{at}/{name}" for name in names}
        there |= {f"{at}/{name.rpartition('/')[0]}" for name in names}
    manifest, _ = ingest(tmp_path)
    for path, frames in manifest.select("path", "frames").iter_rows():
        assert (path in there) == (frames != 0), path


def test_every_source_has_a_tree(tmp_path):
    assert {build(tmp_path / name).source for name, build in TREES.items()} == set(SOURCES)


def test_a_source_can_be_named(tmp_path):
    TREES["ffpp"](tmp_path)
    manifest, _ = ingest(tmp_path, "dfd")
    assert set(manifest["dataset"]) == {"dfd"}
    with pytest.raises(RegistryError, match="did you mean 'ffpp'"):
        ingest(tmp_path, "ffp")


def test_two_layouts_in_one_folder_must_be_told_apart_by_the_caller(tmp_path):
    TREES["real_fake"](tmp_path)
    TREES["labelled"](tmp_path)
    with pytest.raises(DataError, match=r"fits several; .*--source \(labelled, real-fake\)"):
        ingest(tmp_path)


def test_what_is_not_recognised_says_what_is_known(tmp_path):
    with pytest.raises(DataError, match="dfdc-faces"):
        ingest(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        ingest(tmp_path / "nowhere")


def test_a_dataset_that_holds_nothing_says_why(tmp_path):
    (tmp_path / "deepfake-detection-faces-part-0-0.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"part-0-0\.zip: cannot be read"):
        ingest(tmp_path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("filename,original\na.mp4,\n", "no column 'label'"),
        (b"\xff\xfe\x00", "can't decode"),
        (None, "no item named|There is no item"),
    ],
)
def test_a_batch_without_readable_metadata_is_reported(tmp_path, metadata, message):
    name = "deepfake-detection-faces-part-0-"
    good = "filename,split,original,label\nb.mp4,train,,REAL\n"
    zipped(tmp_path / f"{name}0.zip", "a/0.png", **({"metadata.csv": metadata} if metadata else {}))
    zipped(tmp_path / f"{name}1.zip", "b/0.png", **{"metadata.csv": good})
    manifest, problems = ingest(tmp_path)
    assert manifest["video_id"].to_list() == ["b"]
    (problem,) = problems
    assert (problem.path, problem.reason) == (f"{name}0.zip", base.UNREADABLE)
    assert any(part in problem.where for part in message.split("|"))


def test_a_zip_and_its_unpacked_folder_count_once(tmp_path):
    text = '{"a.mp4": {"label": "REAL", "split": "train"}}'
    zipped(tmp_path / "dfdc_train_part_00.zip", "p/a.mp4", **{"p/metadata.json": text})
    write(tmp_path, "dfdc_train_part_0/a.mp4")
    write(tmp_path, "dfdc_train_part_0/metadata.json", data=text)
    manifest, problems = ingest(tmp_path)
    assert len(manifest) == 1
    assert [problem.reason for problem in problems] == [base.TWICE]


def test_a_list_cannot_lead_out_of_the_dataset(tmp_path):
    write(tmp_path, "outside.mp4", "set/b.jpg")
    lines = "file,label\n../outside.mp4,REAL\n/etc/hostname,FAKE\nb.jpg,REAL\n"
    write(tmp_path, "set/labels.csv", data=lines)
    manifest, _ = ingest(tmp_path / "set")
    frames = dict(manifest.select("path", "frames").iter_rows())
    assert frames == {"../outside.mp4": 0, "/etc/hostname": 0, "b.jpg": None}


def test_names_that_are_not_unicode_are_reported(tmp_path):
    write(tmp_path, "real/a.jpg", "fake/b.jpg")
    try:
        (tmp_path / os.fsdecode(b"real/\xff.jpg")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system has Unicode names alone")
    manifest, problems = ingest(tmp_path)
    assert len(manifest) == 2
    assert [problem.reason for problem in problems] == [base.NOT_UNICODE]


def test_a_loop_of_links_ends(tmp_path):
    write(tmp_path, "real/a.jpg", "fake/b.jpg")
    (tmp_path / "real" / "again").symlink_to(tmp_path)
    manifest, _ = ingest(tmp_path)
    assert len(manifest) == 2


def test_a_linked_folder_is_read(tmp_path):
    write(tmp_path, "store/a.jpg", "set/fake/b.jpg")
    (tmp_path / "set" / "real").symlink_to(tmp_path / "store")
    manifest, _ = ingest(tmp_path / "set")
    assert sorted(manifest["path"]) == ["fake/b.jpg", "real/a.jpg"]


def test_the_parts_of_df40_can_be_read_by_themselves(tmp_path):
    write(tmp_path / "DF40_train", "simswap/frames/000_003/000.png")
    manifest, _ = ingest(tmp_path / "DF40_train")
    row = manifest.row(0, named=True)
    assert (row["path"], row["split"], row["method"]) == (
        "simswap/frames/000_003",
        "train",
        "simswap",
    )


def test_a_split_file_that_is_no_list_of_pairs_is_refused(tmp_path):
    TREES["ffpp"](tmp_path)
    write(tmp_path, "val.json", data={"a": 1})
    with pytest.raises(DataError, match=r"val\.json: must be a list of pairs"):
        ingest(tmp_path)


def test_an_archive_is_listed_without_its_leading_dots(tmp_path):
    tarred(tmp_path / "0.tar.gz", "0/real/1/2.png")
    assert members(tmp_path / "0.tar.gz") == ["0/real/1/2.png"]


def test_a_directory_is_listed_once(tmp_path, monkeypatch):
    write(tmp_path, *(f"a/{n}.mp4" for n in range(50)))
    calls = Counter()
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (calls.update([str(path)]), scandir(path))[1])
    tree = Tree(tmp_path)
    assert all(tree.has(f"a/{n}.mp4") for n in range(50))
    assert not tree.has("a/50.mp4")
    assert len(list(tree.files())) == 50
    assert set(calls.values()) == {1}


@pytest.mark.slow
def test_a_full_sized_dataset_takes_seconds(tmp_path):
    """120,000 videos in 50 zips, read in place."""
    for part in range(50):
        names = [f"{part:02}{n:05}" for n in range(2400)]
        entries = [
            f'"{name}.mp4": {{"label": "FAKE", "split": "train", "original": "{names[0]}.mp4"}}'
            for name in names[1:]
        ]
        text = "{" + ", ".join([f'"{names[0]}.mp4": {{"label": "REAL"}}', *entries]) + "}"
        videos = [f"p/{name}.mp4" for name in names]
        zipped(tmp_path / f"dfdc_train_part_{part:02}.zip", *videos, **{"p/metadata.json": text})
    start = time.process_time()
    manifest, problems = ingest(tmp_path)
    assert time.process_time() - start < 30
    assert len(manifest) == 120_000
    assert not problems


def test_the_shared_faces_are_read_whole(shared_data):
    manifest, problems = ingest(shared_data / "dfdc-faces")
    assert len(manifest) == 21444
    assert manifest["frames"].min() == 1
    assert not problems
    clips, problems = ingest(shared_data / "clips")
    assert set(clips.filter(clips["path"].str.starts_with("ffpp"))["split"]) == {"external"}
    assert Counter(problem.reason for problem in problems) == {base.NO_ORIGINAL: 11}


def test_sources_document_their_layout():
    for name in SOURCES:
        module = __import__(SOURCES[name].__module__, fromlist=["x"])
        assert "<root>" in (module.__doc__ or ""), name
