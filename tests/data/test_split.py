"""Splits cut no family and no person, keep to their shares, and depend on the seed alone."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.data.manifest import SPLITS, check_manifest, make_manifest
from unmask.data.split import hold_out_dev, split, with_people
from unmask.errors import LeakError, SettingError


def row(number, **values):
    name = f"v{number:04d}"
    return {"video_id": name, "path": name, "label": 0, "group_id": name, "dataset": "set"} | values


@st.composite
def manifests(draw, *, splits=False, largest=60):
    """Rows of few groups and people, so that chains of both come about; unknown ones as well."""
    rows = []
    for number in range(draw(st.integers(0, largest))):
        group, person = draw(st.integers(0, 15)), draw(st.integers(0, 15))
        rows.append(
            row(
                number,
                label=draw(st.integers(0, 1)),
                group_id=f"g{group}" if group else None,
                identity=f"p{person}" if person > 8 else None,
                dataset=draw(st.sampled_from(["one", "two"])),
                excluded=draw(st.sampled_from([None, None, None, "no use"])),
            )
        )
    manifest = make_manifest(rows)
    return split(manifest, seed=draw(st.integers(0, 3))) if splits else manifest


@settings(max_examples=25)
@given(manifest=manifests(), seed=st.integers(0, 9), data=st.data())
def test_nothing_is_cut_and_the_order_of_rows_is_nothing(manifest, seed, data):
    drawn = split(manifest, seed=seed)
    check_manifest(drawn)
    assert drawn.drop("split").equals(manifest.drop("split"))
    used = drawn["excluded"].is_null()
    assert drawn.filter(used)["split"].null_count() == 0
    assert drawn.filter(~used)["split"].count() == 0
    order = data.draw(st.permutations(range(len(manifest))))
    again = split(manifest[order], seed=seed)
    assert again.equals(drawn[order])
    assert split(drawn, seed=seed + 1).equals(drawn)


@settings(max_examples=25)
@given(
    reals=st.integers(50, 300),
    fakes=st.integers(50, 300),
    largest=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_shares_and_labels_are_near_the_target_when_groups_are_small(reals, fakes, largest, seed):
    rows = [
        row(n, label=int(n >= reals), group_id=f"g{n % ((reals + fakes) // largest)}")
        for n in range(reals + fakes)
    ]
    drawn = split(make_manifest(rows), seed=seed)
    for name, share in (("train", 0.64), ("val", 0.16), ("test", 0.20)):
        for label, total in ((0, reals), (1, fakes)):
            count = len(drawn.filter((pl.col("split") == name) & (pl.col("label") == label)))
            assert abs(count - share * total) <= 2 * (largest + 1)


def test_people_are_joined_through_chains_of_families():
    rows = [row(n, group_id=f"g{n // 2}", identity=f"p{(n + 1) // 2}") for n in range(8)]
    rows += [row(8, group_id=None), row(9, group_id=None), row(10, dataset="other", identity="p1")]
    people = with_people(make_manifest(rows)).filter(dataset="set")["person"].to_list()
    assert len(set(people[:8])) == 1
    assert len(set(people)) == 3


def test_splits_that_are_there_stay_and_are_not_added_to():
    rows = [row(n, split="test" if n < 10 else None) for n in range(110)]
    rows.append(row(110, group_id="v0003"))  # of a family in test
    drawn = split(make_manifest(rows))
    assert drawn["split"][:10].to_list() == ["test"] * 10
    assert drawn["split"][110] == "test"
    assert drawn["split"].value_counts().sort("split").rows() == [
        ("test", 11),
        ("train", 80),
        ("val", 20),
    ]
    whole = make_manifest([row(n, split=("train", "val", "test")[n]) for n in range(3)] + [row(3)])
    assert split(whole)["split"][3] == "train"
    assert split(whole, shares=(0, 1, 1))["split"][3] == "train"


def test_anew_forgets_all_but_external():
    rows = [row(n, split="train" if n % 2 else "external") for n in range(100)]
    drawn = split(make_manifest(rows), anew=True)
    assert set(drawn["split"]) == {"train", "val", "test", "external"}
    assert drawn.filter(split="external")["video_id"].to_list() == [
        f"v{n:04d}" for n in range(0, 100, 2)
    ]


def test_a_row_between_two_splits_is_refused():
    rows = [row(1, group_id="a", split="train"), row(2, group_id="a", identity="p")]
    rows.append(row(3, group_id="b", identity="p", split="val"))
    with pytest.raises(LeakError, match=r"'p' of set .* train and val"):
        split(make_manifest(rows))
    assert split(make_manifest(rows), anew=True)["split"].n_unique() == 1


@pytest.mark.parametrize("shares", [(1, 1), (0, 0, 0), (-1, 1, 1)])
def test_wrong_shares_are_refused(shares):
    with pytest.raises(SettingError, match="shares"):
        split(make_manifest([row(1)]), shares=shares)


@settings(max_examples=25)
@given(
    people=st.lists(st.integers(0, 12), min_size=1, max_size=80),
    share=st.floats(0.01, 0.6),
    seed=st.integers(0, 5),
)
def test_dev_takes_whole_identities_and_enough_of_them(people, share, seed):
    manifest = make_manifest(
        row(n, identity=f"p{person}", group_id=f"g{person}-{n}", split="train")
        for n, person in enumerate(people)
    )
    held = hold_out_dev(manifest, share=share, seed=seed)
    check_manifest(held)
    assert (held["split"] == "dev").sum() >= share * len(people)
    assert held.drop("split").equals(manifest.drop("split"))
    assert hold_out_dev(manifest, share=share, seed=seed).equals(held)
    assert hold_out_dev(held, share=share, seed=seed + 1).equals(held)


def test_dev_is_taken_from_training_rows_alone():
    manifest = make_manifest(row(n, split=SPLITS[n % len(SPLITS)]) for n in range(100))
    held = hold_out_dev(manifest, share=0.9, seed=0)
    kept = manifest["split"] != "train"
    assert held.filter(kept)["split"].equals(manifest.filter(kept)["split"])
    assert (held["split"] == "dev").sum() > 20


@settings(max_examples=25)
@given(manifest=manifests(splits=True), seed=st.integers(0, 5))
def test_dev_cuts_no_chain(manifest, seed):
    check_manifest(hold_out_dev(manifest, share=0.3, seed=seed))
