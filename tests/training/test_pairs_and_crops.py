"""What is trained on: a function of seed and place alone, and only what is for training."""

from itertools import pairwise

import cv2
import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tiny_recipes import tiny
from unmask.data.prepare import decode_face, read_faces
from unmask.detect.look import evenly
from unmask.errors import DataError
from unmask.faces import CropSpec
from unmask.forgery.canonical import project
from unmask.forgery.masks import window_around
from unmask.training.augment import Strength, draw_augmentation
from unmask.training.changes import difference, visible
from unmask.training.crops import TrainingCrops
from unmask.training.grafts import graft
from unmask.training.pairs import PairDataset
from unmask.training.sequences import SequenceDataset

pytestmark = pytest.mark.train

SPEC = CropSpec(size=64)


def pairs(faces, **changes):
    settings = {
        "spec": SPEC,
        "forged": 0.5,
        "grafted": 0.5,
        "forgeries": {"self_blend": 1.0},
        "weights": {"portraits": 1.0},
        "strength": Strength(),
        "seed": 3,
        "start": 0,
        "length": 8,
    }
    return PairDataset(faces, **{**settings, **changes})


def train_rows(folder):
    return read_faces(folder).filter(pl.col("split") == "train")


def test_pairs_are_a_function_of_seed_and_position(face_set):
    faces = train_rows(face_set)
    first, second = pairs(faces), pairs(faces, start=2)
    for place in range(4):
        crops, changed, labels = first[place + 2]
        assert changed.shape == (2, 2, 2)
        assert not changed[0].any()
        assert changed[1].isnan().any() or changed[1].max() > 0
        assert torch.equal(crops, second[place][0])
        assert labels.tolist() == [0.0, 1.0]
        assert crops.shape == (2, 3, 64, 64)
        assert not torch.equal(crops[0], crops[1])


def test_a_graft_changes_a_face_visibly_and_nothing_around_it(portraits):
    real, face = portraits[0]
    landmarks = face.landmarks
    fake = np.clip(real.astype(np.int16) + 40, 0, 255).astype(np.uint8)
    reach = window_around(project(landmarks), *real.shape[:2])
    outside = np.ones(real.shape[:2], bool)
    outside[reach.slices] = False
    made = [graft(real, fake, landmarks, np.random.default_rng(seed)) for seed in range(12)]
    for each in made:
        if not np.array_equal(each, fake):
            assert np.array_equal(each[outside], real[outside])
            assert visible(difference(real, each))
    assert len({each.tobytes() for each in made}) > 3
    assert np.array_equal(made[0], graft(real, fake, landmarks, np.random.default_rng(0)))


def test_a_graft_of_which_nothing_would_show_is_the_whole_fake(portraits):
    real, face = portraits[0]
    fake = np.maximum(real, 1)
    assert np.array_equal(graft(real, fake, face.landmarks, np.random.default_rng(0)), fake)


def test_a_smaller_share_of_people_is_part_of_a_larger_one(face_set):
    faces = train_rows(face_set)
    shares = [
        set(tiny("frame", people=share).usable(faces)["identity"]) for share in (0.3, 0.6, 0.9, 1)
    ]
    assert all(fewer <= more for fewer, more in pairwise(shares))
    assert len(shares[0]) < len(shares[-1]) == faces["identity"].n_unique()


def test_what_is_not_for_training_is_refused(face_set):
    with pytest.raises(DataError, match="only split 'train'"):
        pairs(read_faces(face_set))


def marked(rows):
    """Rows whose pictures say which they are: the value of the first pixel."""
    image = np.zeros((80, 80, 3), np.uint8)
    columns = ("video_id", "original_id", "track", "time")
    made = []
    for number, row in enumerate(rows):
        image[:] = number
        facts = dict(zip(columns, row, strict=True))
        facts |= {"dataset": "portraits", "split": "train", "label": int(row[1] is not None)}
        facts |= {"landmarks": [30.0, 30, 50, 30, 40, 40, 32, 50, 48, 50]}
        made.append({**facts, "image": cv2.imencode(".png", image)[1].tobytes()})
    return pl.DataFrame(made, schema_overrides={"original_id": pl.String, "time": pl.Float64})


def test_a_fake_frame_is_paired_with_its_originals_frame_of_that_time():
    faces = marked(
        [
            ("real", None, 0, 0.0),
            ("real", None, 0, 1.0),
            ("real", None, 0, 2.0),
            ("real", None, 1, 1.9),  # somebody else in the picture
            ("fake", "real", 0, 1.0),
            ("fake", "real", 0, 1.9),  # no frame of that time: the nearest
            ("fake", "real", 1, 0.0),
            ("lost", "unknown", 0, 0.0),
            ("other", None, 2, 1.0),  # its only track
        ]
    )
    made = pairs(faces, forged=0.0)
    found = [
        (made.all_reals[real].decode()[0][0, 0, 0], fake.decode()[0][0, 0, 0])
        for real, fake in made.pairs
    ]
    assert found == [(1, 4), (2, 5)]
    assert len(made.all_reals) == 4


def test_a_pair_is_augmented_alike(face_set):
    row = read_faces(face_set).row(0, named=True)
    image, landmarks = decode_face(row["image"]), np.reshape(row["landmarks"], (5, 2))
    for seed in range(20):
        augmentation = draw_augmentation(np.random.default_rng(seed), Strength())
        once = augmentation(image, landmarks, SPEC)
        assert np.array_equal(once, augmentation(image, landmarks, SPEC))
        assert once.shape == (64, 64, 3)


def test_an_augmentation_leaves_the_picture_alone(face_set):
    row = read_faces(face_set).row(0, named=True)
    image, landmarks = decode_face(row["image"]), np.reshape(row["landmarks"], (5, 2))
    before = image.copy()
    draw_augmentation(np.random.default_rng(1), Strength())(image, landmarks, CropSpec())
    assert cv2.norm(image, before) == 0


def test_crops_are_augmented_by_seed_epoch_and_place(face_set):
    faces = train_rows(face_set)
    plain = TrainingCrops(faces, SPEC)
    one, same, other = (TrainingCrops(faces, SPEC, Strength(), (1, e)) for e in (0, 0, 1))
    assert torch.equal(one[3][0], same[3][0])
    assert not torch.equal(one[3][0], other[3][0])
    assert not torch.equal(one[3][0], plain[3][0])
    assert [int(plain[n][1]) for n in range(len(plain))] == faces["label"].to_list()


def test_an_epoch_has_an_order_of_its_own(face_set):
    faces, recipe = train_rows(face_set), tiny("capstone-cnn")
    first, again, second = (recipe.train_set(faces, epoch).indices for epoch in (0, 0, 1))
    assert first == again != second
    assert sorted(first) == sorted(second) == list(range(len(faces)))


def test_classes_are_balanced_by_weights_or_by_sampling(face_set):
    faces = train_rows(face_set)
    few = pl.concat([faces.filter(pl.col("label") == 1), faces.filter(pl.col("label") == 0)[:3]])
    real, fake = tiny("capstone-cnn", balance="weights").loss_weights(few)
    assert 3 * real == pytest.approx(12 * fake)
    assert 3 * real + 12 * fake == pytest.approx(15)
    assert tiny("capstone-cnn", balance="none").loss_weights(few) == (1.0, 1.0)
    recipe = tiny("capstone-cnn", balance="sampling")
    drawn = [few["label"][i] for epoch in range(40) for i in recipe.train_set(few, epoch).indices]
    assert len(drawn) == 40 * 15
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.08)  # 4 standard errors


def test_sequences_keep_time_and_mask_what_is_missing(clip_set):
    faces = train_rows(clip_set)
    sequences = SequenceDataset(faces.sample(fraction=1, shuffle=True, seed=0), SPEC, 6)
    assert len(sequences) == 8
    crops, mask, label = sequences[0]
    assert mask.tolist() == [True, True, False, True, True, False]
    assert crops.shape == (6, 3, 64, 64)
    assert not crops[~mask].any()
    first = min(faces["video_id"].unique())
    frames = TrainingCrops(faces.filter(pl.col("video_id") == first).sort("time"), SPEC)
    assert torch.equal(crops[mask], torch.stack([frames[n][0] for n in range(4)]))
    assert int(label) == int(first[-1])
    unnumbered = SequenceDataset(faces.drop("slot"), SPEC, 6)
    assert unnumbered[0][1].tolist() == [True] * 4 + [False] * 2


def test_a_long_clip_gives_frames_evenly_spread(clip_set):
    faces = train_rows(clip_set)
    crops, mask, _ = SequenceDataset(faces, SPEC, 3)[0]
    assert mask.tolist() == [True, False, True]  # slots 0, 2 (empty) and 4
    whole = SequenceDataset(faces, SPEC, 5)[0][0]
    assert torch.equal(crops[[0, 2]], whole[[0, 4]])


def test_a_clip_is_augmented_alike_in_all_its_frames(clip_set):
    faces = train_rows(clip_set)
    still = faces.with_columns(pl.col("image").first().over("video_id"))
    crops, mask, _ = SequenceDataset(still, SPEC, 5, Strength(), (1, 2))[0]
    assert all(torch.equal(crops[mask][0], crop) for crop in crops[mask])


@given(st.integers(1, 500), st.integers(1, 100))
def test_evenly_spread_numbers_are_in_order_and_reach_both_ends(count, wanted):
    found = evenly(count, wanted)
    assert found == sorted(set(found))
    assert len(found) == min(count, wanted)
    assert found[0] == 0
    assert wanted == 1 or found[-1] == count - 1
