"""Sources read the published layouts, with the irregularities that they have."""

import zipfile

import cv2
import numpy as np
import pytest

from unmask.data.sources import SOURCES, ingest
from unmask.errors import DataError

HEADER = "filename,split,original,label\n"


def picture():
    return cv2.imencode(".jpg", np.full((8, 8, 3), 90, np.uint8))[1].tobytes()


def batch(root, name, metadata, folders, *, packed=True):
    files = {
        f"{folder}/{frame}.jpg": picture() for folder, frames in folders.items() for frame in frames
    }
    files["metadata.csv"] = metadata.encode()
    if packed:
        with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
    else:
        for path, data in files.items():
            (root / name / path).parent.mkdir(parents=True, exist_ok=True)
            (root / name / path).write_bytes(data)


@pytest.mark.parametrize("packed", [True, False])
def test_dfdc_faces_in_zips_or_folders(tmp_path, packed):
    name = "deepfake-detection-faces-part-0-"
    batch(
        tmp_path, f"{name}0",
        f"{HEADER}a.mp4,train,,REAL\nb.mp4,train,a.mp4,FAKE\n{HEADER}gone.mp4,train,,REAL\n",
        {"a": ["0", "10", "10_1"], "b": ["0"]}, packed=packed,
    )  # fmt: skip
    batch(tmp_path, f"{name}1", f"{HEADER}c.mp4,train,,REAL\n", {"c": ["0"]}, packed=packed)
    (tmp_path / "splits.csv").write_text("videoname,split,identity\nc.mp4,val,person-7\n")
    manifest = ingest(tmp_path)
    rows = {row["video_id"]: row for row in manifest.iter_rows(named=True)}
    assert list(rows) == ["a", "b", "c", "gone"]
    assert (rows["b"]["label"], rows["b"]["original_id"], rows["b"]["group_id"]) == (1, "a", "a")
    assert (rows["a"]["frames"], rows["a"]["split"]) == (3, "train")
    assert (rows["c"]["split"], rows["c"]["identity"]) == ("val", "person-7")
    assert rows["gone"]["frames"] == 0
    assert "no folder" in rows["gone"]["note"]


def test_dfdc_faces_that_are_not_labelled_are_refused(tmp_path):
    name = "deepfake-detection-faces-part-0-0"
    batch(tmp_path, name, f"{HEADER}a.mp4,train,,REAL\n", {"a": ["0"], "stray": ["0"]})
    with pytest.raises(DataError, match="stray"):
        ingest(tmp_path)
    batch(tmp_path, name, f"{HEADER}a.mp4,train,,MAYBE\n", {"a": ["0"]})
    with pytest.raises(DataError, match="'MAYBE'"):
        ingest(tmp_path)


def test_a_damaged_batch_is_named(tmp_path):
    (tmp_path / "deepfake-detection-faces-part-0-0.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"part-0-0\.zip: not a readable batch"):
        ingest(tmp_path)


def test_utkface_takes_its_split_from_the_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        archive.writestr("train/26_1_3_20170104232131633.jpg", picture())
        archive.writestr("val/80_0_0_20170104232131634.jpg", picture())
        archive.writestr("val/readme.jpg", picture())
    manifest = ingest(tmp_path)
    assert manifest["split"].to_list() == ["train", "val"]
    assert manifest["label"].to_list() == [0, 0]


def test_a_labelled_folder(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "file,label,original,method,split,note\n"
        "x/a.mp4,FAKE,o.mp4,swap,external,\nb.jpg,REAL,,,val,a note\n"
    )
    (tmp_path / "b.jpg").write_bytes(picture())
    rows = {row["video_id"]: row for row in ingest(tmp_path).iter_rows(named=True)}
    assert (rows["x/a"]["label"], rows["x/a"]["group_id"], rows["x/a"]["split"]) == (
        1,
        "o",
        "external",
    )
    assert rows["x/a"]["frames"] == 0
    assert rows["b"]["note"] == "a note"


def test_what_is_not_recognised_says_what_is_known(tmp_path):
    with pytest.raises(DataError, match="dfdc-faces"):
        ingest(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        ingest(tmp_path / "nowhere")


def test_the_shared_faces_are_read_whole(shared_data):
    manifest = ingest(shared_data / "dfdc-faces")
    assert len(manifest) == 21444
    assert manifest["frames"].min() == 1
    clips = ingest(shared_data / "clips")
    assert set(clips.filter(clips["path"].str.starts_with("ffpp"))["split"]) == {"external"}


def test_every_source_is_found_by_its_name():
    assert set(SOURCES) >= {"dfdc-faces", "labelled", "utkface"}
