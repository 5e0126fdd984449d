"""Manifests refuse leaks and wrong values."""

import polars as pl
import pytest

from unmask.data.manifest import (
    make_manifest,
    manifest_hash,
    read_manifest,
    write_manifest,
)
from unmask.errors import DataError, LeakError


def row(number, *, split="train", label=0, group=None, identity=None):
    return {
        "video_id": f"v{number:04d}",
        "path": f"v{number:04d}.mp4",
        "label": label,
        "group_id": group or f"v{number:04d}",
        "identity": identity,
        "dataset": "set",
        "split": split,
    }


@pytest.mark.parametrize("column", ["group_id", "identity"])
def test_a_group_or_identity_in_two_splits_is_a_leak(column):
    rows = [row(1), row(2, split="val")]
    for each in rows:
        each[column] = "shared"
    with pytest.raises(LeakError, match=rf"{column} 'shared'.* train and val"):
        make_manifest(rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 2}, "label must be one of"),
        ({"label": None}, "label must be one of"),
        ({"split": "training"}, "split must be one of"),
        ({"video_id": "v0001"}, "stands in the manifest twice"),
    ],
)
def test_wrong_values_are_named(change, message):
    with pytest.raises(DataError, match=message):
        make_manifest([row(1), {**row(2), **change}])


def test_a_manifest_survives_the_disk(tmp_path):
    manifest = make_manifest([row(2), row(1)])
    digest = write_manifest(manifest, tmp_path / "deep" / "m.parquet")
    again = read_manifest(tmp_path / "deep" / "m.parquet")
    assert again.equals(manifest)
    assert manifest_hash(again) == digest
    assert again["video_id"].to_list() == ["v0001", "v0002"]


def test_what_is_no_manifest_is_refused(tmp_path):
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(DataError, match="not a readable manifest"):
        read_manifest(tmp_path / "text.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="must have the columns"):
        read_manifest(tmp_path / "other.parquet")


def test_a_leak_is_read_only_where_it_is_asked_for(tmp_path):
    leaky = make_manifest([row(1, group="g"), row(2, group="g")])
    leaky = leaky.with_columns(split=pl.Series(["train", "val"]))
    leaky.write_parquet(tmp_path / "m.parquet")
    with pytest.raises(LeakError, match="group_id 'g'"):
        read_manifest(tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet", leaky=True).equals(leaky)
