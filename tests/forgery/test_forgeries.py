"""What every forgery promises, over the registry."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unmask.forgery
from forgery.drawn import drawn_face, landmarks_for
from unmask.errors import RegistryError, SettingError
from unmask.forgery import FORGERIES, Donor, Forged, forge, forge_clip, nearest_donor

LANDMARKS = landmarks_for(224)
IMAGE = drawn_face(224, 224, LANDMARKS)
OTHER_LANDMARKS = landmarks_for(200, degrees=6)
DONOR = Donor(drawn_face(200, 200, OTHER_LANDMARKS, seed=9), OTHER_LANDMARKS)

every = pytest.mark.parametrize("name", sorted(FORGERIES))


def check(forged: Forged, image: np.ndarray) -> None:
    assert forged.image.shape == forged.target.shape == image.shape
    assert forged.image.dtype == forged.target.dtype == np.uint8
    assert forged.mask.dtype == np.float32
    assert forged.mask.shape == image.shape[:2]
    assert forged.mask.min() >= 0
    assert 0 < forged.mask.max() <= 1
    outside = forged.mask == 0
    assert (forged.image[outside] == forged.target[outside]).all()
    assert (forged.image != forged.target).any()


def test_all_forgeries_are_there() -> None:
    assert all(hasattr(unmask.forgery, name) for name in unmask.forgery.__all__)
    assert set(FORGERIES) >= {
        "self_blend",
        "face_swap",
        "cross_blend",
        "region_blend",
        "resample_mismatch",
    }


@every
def test_name_and_need_are_stated(name: str) -> None:
    assert FORGERIES[name].name == name
    assert isinstance(FORGERIES[name].needs_donor, bool)


@every
@pytest.mark.parametrize("seed", range(12))
def test_forged_picture_keeps_the_promises(name: str, seed: int) -> None:
    check(forge(name, IMAGE, LANDMARKS, seed, DONOR), IMAGE)


@every
def test_same_seed_same_picture(name: str) -> None:
    first = forge(name, IMAGE, LANDMARKS, 5, DONOR)
    again = forge(name, IMAGE, LANDMARKS, 5, DONOR)
    assert (first.image == again.image).all()
    assert (first.mask == again.mask).all()


@every
def test_other_seed_other_picture(name: str) -> None:
    pictures = {forge(name, IMAGE, LANDMARKS, seed, DONOR).image.tobytes() for seed in range(6)}
    assert len(pictures) == 6


@every
def test_inputs_are_left_untouched(name: str) -> None:
    image, landmarks = IMAGE.copy(), LANDMARKS.copy()
    donor = Donor(DONOR.image.copy(), DONOR.landmarks.copy())
    for array in (image, landmarks, donor.image, donor.landmarks):
        array.setflags(write=False)
    for seed in range(4):
        forge(name, image, landmarks, seed, donor)
    assert (image == IMAGE).all()
    assert (donor.image == DONOR.image).all()


@every
def test_choices_are_frozen(name: str) -> None:
    params = FORGERIES[name].draw(np.random.default_rng(0))
    assert params == FORGERIES[name].draw(np.random.default_rng(0))
    with pytest.raises(FrozenInstanceError):
        setattr(params, fields(params)[0].name, None)


@every
def test_clip_is_forged_by_one_draw(name: str) -> None:
    first, again = forge_clip(name, [(IMAGE, LANDMARKS)] * 2, 3, DONOR)
    assert (first.image == again.image).all()
    alone = forge(name, IMAGE, LANDMARKS, 3, DONOR)
    assert (first.image == alone.image).all()


@every
def test_forgery_moves_with_the_face(name: str) -> None:
    wide = np.pad(IMAGE, ((150, 150), (150, 150), (0, 0)), mode="reflect")
    here = forge(name, wide, LANDMARKS + 150, 3, DONOR)
    there = forge(name, np.roll(wide, (8, 16), (0, 1)), LANDMARKS + 150 + (16, 8), 3, DONOR)
    moved = np.roll(here.mask, (8, 16), (0, 1))
    assert np.abs(moved - there.mask).max() < 0.02


@every
@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(64, 300), st.integers(64, 300)),
    scale=st.floats(0.2, 2.5),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(-60, 60)),
    seed=st.integers(0, 2**31),
)
def test_any_size_and_place(
    name: str,
    shape: tuple[int, int],
    scale: float,
    place: tuple[float, float, float],
    seed: int,
) -> None:
    height, width = shape
    x, y, degrees = place
    size = scale * min(shape)
    landmarks = landmarks_for(size, x * width - size / 2, y * height - size / 2, degrees)
    image = drawn_face(height, width, landmarks)
    if abs(landmarks[3:].mean(0) - landmarks[:2].mean(0)).max() < 8:
        return
    forged = forge(name, image, landmarks, seed, DONOR)
    outside = forged.mask == 0
    assert 0 < forged.mask.max() <= 1
    assert (forged.image[outside] == forged.target[outside]).all()


@every
def test_full_hd_frame_and_large_donor(name: str) -> None:
    landmarks = landmarks_for(300, 900, 400)
    image = drawn_face(1080, 1920, landmarks)
    large = landmarks_for(900, 20, 10)
    donor = Donor(drawn_face(1000, 1000, large, seed=4), large)
    forged = forge(name, image, landmarks, 1, donor)
    check(forged, image)
    far = forged.mask.copy()
    far[200:900, 700:1400] = 0
    assert not far.any()


@every
def test_only_a_changed_target_differs_from_the_picture(name: str) -> None:
    for seed in range(6):
        forged = forge(name, IMAGE, LANDMARKS, seed, DONOR)
        params = FORGERIES[name].draw(np.random.default_rng(seed))
        changed_target = not getattr(params, "change_source", True)
        assert bool((forged.target != IMAGE).any()) == changed_target


@every
@pytest.mark.parametrize(
    "landmarks",
    [
        np.zeros((5, 2)),
        LANDMARKS * 0.05,
        LANDMARKS[:4],
        LANDMARKS * np.nan,
        LANDMARKS + 5000,
        LANDMARKS - 900,
    ],
    ids=["one point", "tiny", "four", "nan", "right of it", "left of it"],
)
def test_impossible_landmarks_are_refused(name: str, landmarks: np.ndarray) -> None:
    with pytest.raises(SettingError):
        forge(name, IMAGE, landmarks, 0, DONOR)


@every
def test_other_pictures_are_refused(name: str) -> None:
    with pytest.raises(SettingError, match="uint8"):
        forge(name, IMAGE.astype(np.float32), LANDMARKS, 0, DONOR)


@every
def test_missing_donor(name: str) -> None:
    if FORGERIES[name].needs_donor:
        with pytest.raises(SettingError, match="needs a donor"):
            forge(name, IMAGE, LANDMARKS, 0)
    else:
        check(forge(name, IMAGE, LANDMARKS, 0), IMAGE)


def test_unknown_forgery() -> None:
    with pytest.raises(RegistryError, match="did you mean 'face_swap'"):
        forge("faceswap", IMAGE, LANDMARKS, 0)
    with pytest.raises(RegistryError):
        forge_clip("nothing", [], 0)


def test_swap_brings_the_donors_features() -> None:
    red = DONOR.image.copy()
    mouth = DONOR.landmarks[3:].mean(0).astype(int)
    red[mouth[1] - 6 : mouth[1] + 6, mouth[0] - 20 : mouth[0] + 20] = (0, 255, 0)
    forged = forge("face_swap", IMAGE, LANDMARKS, 2, Donor(red, DONOR.landmarks))
    x, y = LANDMARKS[3:].mean(0).astype(int)
    red_value, green, blue = forged.image[y, x].astype(int)
    assert green > max(red_value, blue)


def test_nearest_donor_is_the_one_turned_alike() -> None:
    turned = LANDMARKS.copy()
    turned[2] += (25, 0)
    candidates = [turned, LANDMARKS * 0.5 + 40, LANDMARKS * (1.4, 1.0)]
    assert nearest_donor(LANDMARKS, candidates) == 1
    assert nearest_donor(turned * 2, candidates) == 0
    with pytest.raises(SettingError, match="at least one"):
        nearest_donor(LANDMARKS, [])


def test_forged_checks_its_sizes() -> None:
    with pytest.raises(SettingError, match="one size"):
        Forged(IMAGE, np.zeros((3, 3), np.float32), IMAGE)
    with pytest.raises(SettingError, match="landmarks"):
        Donor(IMAGE, LANDMARKS[:3])
