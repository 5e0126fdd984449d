"""Several processes train one run, pictures stay in their shards, epochs go on midway."""

import csv
import json
import subprocess
import sys
from collections import Counter

import numpy as np
import polars as pl
import pytest
import torch

from tiny_recipes import CROP, SMALL, tiny
from unmask.data.faceset import FACE_SCHEMA, decode_face, read_faces, write_rows
from unmask.data.stored import read_index, read_stored
from unmask.errors import DataError, SettingError
from unmask.training import loaders
from unmask.training.crops import TrainingCrops
from unmask.training.distributed import Share, World
from unmask.training.loaders import windowed
from unmask.training.module import Training
from unmask.training.trainer import train

pytestmark = pytest.mark.train


def weights(run):
    return torch.load(run / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]


def history(run):
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def assert_same(one, other, atol):
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=atol, msg=name)
    assert len(history(one)) == len(history(other))
    for row, same in zip(history(one), history(other), strict=True):
        for column, value in row.items():
            assert float(same[column]) == pytest.approx(float(value), abs=atol), column


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("capstone-cnn", {"dropout": 0.0, "batch": 8}),
        ("frame", {"dropout": 0.0, "drop_path": 0.0}),
    ],
)
def test_two_processes_end_in_the_weights_of_one(name, changes, face_set, tmp_path):
    """All batches are full: there are 24 faces, 8 a batch."""
    choices = {"crop": CROP, **SMALL[name], **changes, "precision": "32-true"}
    train(tiny(name, **changes, precision="32-true"), [face_set], tmp_path / "one", workers=0)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"recipe": name, **choices}))
    command = (
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "unmask", "train", str(recipe), str(face_set), "--out", str(tmp_path / "two")),
        *("--workers", "0", "--accelerator", "cpu"),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "one", tmp_path / "two", 2e-3)


@pytest.mark.parametrize("count", [1, 7, 8, 24, 25])
def test_the_processes_share_each_batch_and_each_has_as_many(count):
    whole = list(Share(count, 8, World()))
    shares = [list(Share(count, 8, World(rank, 4))) for rank in range(4)]
    assert [item for batch in whole for item in batch] == list(range(count))
    for number, batch in enumerate(whole):
        parts = [share[number] for share in shares]
        assert len({len(part) for part in parts}) == 1
        assert {item for part in parts for item in part} == set(batch)
    left = list(Share(count, 8, World(1, 4), skip=1))
    assert left == shares[1][1:]
    assert len(Share(count, 8, World(1, 4), skip=1)) == len(whole)


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(SettingError, match=r"multiple of the 3 processes that share it\. Got 8"):
        Share(10, 8, World(0, 3))


def test_torchrun_says_who_is_who(monkeypatch):
    assert World.here() == World(0, 1, 1)
    for name, value in (("RANK", "3"), ("WORLD_SIZE", "4"), ("LOCAL_WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    world = World.here()
    assert world == World(3, 4, 2)
    assert (world.options()["devices"], world.options()["num_nodes"]) == (2, 2)


class KilledError(Exception):
    """In place of a kill."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["capstone-cnn", "frame"])
def test_a_run_stopped_midway_goes_on_where_it_was_to_the_same_end(
    name, face_set, tmp_path, monkeypatch
):
    changes = {"batch": 4} if name == "capstone-cnn" else {"steps": 12, "epoch_steps": 6}
    options = {"workers": 0, "accelerator": "cpu", "checkpoint_every": 2}
    train(tiny(name, **changes), [face_set], tmp_path / "whole", **options)
    seen = []
    step = Training.training_step

    def watched(self, batch, number):
        seen.append((self.current_epoch, number))
        if len(seen) == stop:
            raise KilledError
        return step(self, batch, number)

    monkeypatch.setattr(Training, "training_step", watched)
    stop = 6
    for _ in range(2):  # first midway in the first epoch, then in the second
        seen.clear()
        with pytest.raises(KilledError):
            train(tiny(name, **changes), [face_set], tmp_path / "stopped", **options)
    assert seen[0] == (0, 4)
    stop = 0
    seen.clear()
    train(tiny(name, **changes), [face_set], tmp_path / "stopped", **options)
    assert seen[0] == (1, 2)
    assert_same(tmp_path / "whole", tmp_path / "stopped", 1e-5)


@pytest.fixture
def shards(face_set, tmp_path):
    """The same face set in shards of row groups of two."""
    folder = tmp_path / "shards"
    folder.mkdir()
    rows = read_faces(face_set)
    for number in range(3):
        part = rows[number * len(rows) // 3 : (number + 1) * len(rows) // 3]
        part.write_parquet(folder / f"faces-{number:06d}.parquet", row_group_size=2)
    (folder / "failures.parquet").write_bytes((face_set / "failures.parquet").read_bytes())
    return folder


def test_a_stored_picture_is_the_one_of_its_row(shards):
    rows, index = read_faces(shards), read_index(shards, ["train", "dev"])
    assert index.drop("image").equals(rows.drop("image"))
    for image, place in zip(rows["image"], index["image"], strict=True):
        assert read_stored(place) == image
        assert np.array_equal(decode_face(place), decode_face(image))
    assert len(read_index(shards, ["dev"])) == (rows["split"] == "dev").sum()
    with pytest.raises(DataError, match="no finished face set"):
        read_index(shards.parent, ["dev"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["capstone-cnn", "frame"])
def test_a_run_on_stored_pictures_is_that_on_pictures_in_memory(name, shards, tmp_path):
    for stream in (False, True):
        out = tmp_path / str(stream)
        train(tiny(name), [shards], out, workers=0, accelerator="cpu", stream=stream)
    assert_same(tmp_path / "False", tmp_path / "True", 1e-6)


def test_the_order_of_stored_pictures_needs_few_row_groups_at_a_time(shards, monkeypatch):
    monkeypatch.setattr(loaders, "WINDOW", 3)
    items = TrainingCrops(read_index(shards, ["train"]), tiny("capstone-cnn").crop)
    drawn = np.random.default_rng(0).permutation(len(items)).tolist()
    orders = [windowed(items, drawn, (20, epoch)) for epoch in range(2)]
    for order in orders:
        assert Counter(order) == Counter(drawn)
        places = [tuple(items.pictures[n].image.values())[:2] for n in order]
        for start in range(0, len(order), 6):
            assert len(set(places[start : start + 6])) <= 3
        assert len({shard for shard, _ in places[:6]}) > 1  # of several shards
        assert order != sorted(order)
    assert orders[0] != orders[1]
    memory = TrainingCrops(read_faces(shards), tiny("capstone-cnn").crop)
    assert windowed(memory, drawn, (20, 0)) == drawn


def test_shards_are_written_in_row_groups_that_can_be_read_alone(tmp_path, face_set):
    from pyarrow.parquet import ParquetFile

    rows = pl.concat([read_faces(face_set)] * 4)
    write_rows(rows.to_dicts(), FACE_SCHEMA, tmp_path / "faces-000000.parquet")
    with ParquetFile(tmp_path / "faces-000000.parquet") as file:
        assert file.num_row_groups == -(-len(rows) // 64)
