"""Manifests refuse leaks and wrong values; dev identities are held out whole."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.data.manifest import (
    SPLITS,
    check_manifest,
    hold_out_dev,
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


@settings(max_examples=40, deadline=None)
@given(
    people=st.lists(st.integers(0, 12), min_size=1, max_size=80),
    share=st.floats(0.01, 0.6),
    seed=st.integers(0, 5),
)
def test_dev_takes_whole_identities_and_enough_of_them(people, share, seed):
    manifest = make_manifest(
        row(n, identity=f"p{person}", group=f"g{person}-{n}") for n, person in enumerate(people)
    )
    held = hold_out_dev(manifest, share=share, seed=seed)
    check_manifest(held)
    assert (held["split"] == "dev").sum() >= min(share * len(people), len(people))
    assert held.drop("split").equals(manifest.drop("split"))
    assert hold_out_dev(manifest, share=share, seed=seed).equals(held)


def test_dev_is_taken_from_training_rows_alone():
    manifest = make_manifest(row(n, split=SPLITS[n % len(SPLITS)]) for n in range(100))
    held = hold_out_dev(manifest, share=0.5, seed=0)
    kept = manifest["split"] != "train"
    assert held.filter(kept)["split"].equals(manifest.filter(kept)["split"])
